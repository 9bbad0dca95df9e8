"""Sentences with values put in, which a page can still say in its own language."""

from __future__ import annotations


class Sentence(str):
    """The English text, as every program reads it; ``template`` and ``values`` are for whoever translates."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: object) -> Sentence:
        """``template`` names its values in braces, as in ``Write {network}.``"""
        text = super().__new__(cls, template.format(**values))
        text.template = template
        text.values = {name: str(value) for name, value in values.items()}
        return text
