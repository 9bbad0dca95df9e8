"""``make check`` and the hooks of a commit run the same checks."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_hooks_are_the_checks() -> None:
    """One list in the Makefile; each hook is one of its doors, in the same order."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^CHECKS := (.+)$", makefile, re.M)
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert listed is not None
    assert "\ncheck: $(CHECKS)\n" in makefile
    assert [hook["id"] for hook in hooks] == listed[1].split()
    for hook in hooks:
        assert hook["entry"] == f"make --no-print-directory {hook['id']}"
        # On the whole tree: a change in one file can break the types or imports of another.
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
