"""Looking a text up in the practice's tables. Pure."""

from collections.abc import Callable, Iterable, Mapping

from mappings.fieldmaps import BadChoice, Lookup

MOST_ROWS = 10_000
LONGEST_KEY = 200


def compile_lookup(name: str, tables: Mapping[str, Lookup]) -> Callable[[str], str]:
    """A text looked up in a table and those that follow it. Raises :class:`BadChoice` for unknown or circular ones."""
    chain = [tables[step] for step in chain_of(name, tables)]
    rows = [{_key(key): value for key, value in table.rows.items()} for table in chain]

    def find(value: str) -> str:
        for table, known in zip(chain, rows, strict=True):
            value = known.get(_key(value), value if table.otherwise is None else table.otherwise)
        return value

    return find


def chain_of(name: str, tables: Mapping[str, Lookup]) -> list[str]:
    """The table and those that follow it, in order."""
    chain: list[str] = []
    while name:
        if name not in tables:
            raise BadChoice(f"There is no look-up table “{name}”.")
        if name in chain:
            way = " → ".join([*chain[chain.index(name) :], name])
            raise BadChoice(f"The look-up table “{name}” leads back to itself: {way}.")
        chain.append(name)
        name = tables[name].then
    return chain


def problems(tables: Iterable[Lookup]) -> list[str]:
    """What is wrong with a practice's tables, as sentences."""
    known = {item.name: item for item in tables}
    out = []
    for item in known.values():
        if len(item.rows) > MOST_ROWS:
            out.append(f"The look-up table “{item.name}” has more than {MOST_ROWS:,} rows.")
        if any(len(key) > LONGEST_KEY for key in item.rows):
            out.append(f"A key in the look-up table “{item.name}” is longer than {LONGEST_KEY} characters.")
        try:
            chain_of(item.name, known)
        except BadChoice as error:
            out.append(str(error))
    return out


def _key(value: str) -> str:
    return value.strip().casefold()
