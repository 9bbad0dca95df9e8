"""The Flask extensions, unbound; ``create_app`` binds them."""

from __future__ import annotations

from typing import Any

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import MetaData

from app.runtime import UNIT
from app.runtime import memory

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UnitSession(Session):
    """The ORM's session: inside a unit of work it joins the unit's transaction, if it is used at all."""

    def get_bind(self, *arguments: Any, **named: Any) -> Engine | Connection:
        """Return the connection of the unit at hand; outside of one, the engine."""
        unit: Connection | None = memory().get(UNIT)
        return unit if unit is not None else super().get_bind(*arguments, **named)


# Objects stay readable after a commit, so that a view can build its answer without another query.
db = SQLAlchemy(metadata=metadata, session_options={"class_": UnitSession, "expire_on_commit": False})
login_manager = LoginManager()
csrf = CSRFProtect()
