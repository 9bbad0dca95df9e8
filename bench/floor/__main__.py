"""``python -m bench.floor FOLDER PORT [DATABASE]``: make the data of the floor and serve it."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path

from joserfc.jwk import RSAKey

from app.serving import server
from app.serving.adapter import Adapter
from bench.floor.app import create_app
from bench.floor.store import Store
from bench.floor.store import digest

WORKERS = 2
REDIRECT = "https://client.example.com/callback"


def create_worker() -> Adapter:
    """The application of one worker process."""
    return server.adapt(create_app)


def prepare(folder: Path, database: str) -> None:
    """One client, one user with a login and a remembered consent, one signing key; told in ``floor.json``."""
    store, secret, session = Store(database), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    store.make_tables()
    store.write("INSERT INTO client VALUES (?, ?, ?, ?)", "bench", digest(secret), REDIRECT, "openid profile")
    store.write("INSERT INTO login VALUES (?, ?, ?)", digest(session), 1, int(time.time()))
    store.write("INSERT INTO consent VALUES (?, ?, ?)", 1, "bench", "openid profile")
    key = RSAKey.generate_key(2048, {"kid": "floor", "use": "sig"})
    (folder / "key.json").write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
    told = {"client": "bench", "secret": secret, "redirect": REDIRECT, "session": session}
    (folder / "floor.json").write_text(json.dumps(told), encoding="utf-8")


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    database = sys.argv[3] if len(sys.argv) > 3 else str(folder / "floor.sqlite")
    prepare(folder, database)
    os.environ.update(
        FLOOR_DATABASE=database, FLOOR_KEY=str(folder / "key.json"), FLOOR_ISSUER=f"http://127.0.0.1:{port}"
    )
    server.run("bench.floor.__main__:create_worker", "127.0.0.1", port, WORKERS)


if __name__ == "__main__":
    main()
