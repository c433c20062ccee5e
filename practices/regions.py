"""What follows from a practice's country: currency and time zones offered."""

from practices.models import Country

CURRENCY = {Country.AU: "AUD", Country.NZ: "NZD", Country.GB: "GBP"}

TIME_ZONES: dict[str, tuple[tuple[str, str], ...]] = {
    Country.AU: (
        ("Australia/Sydney", "Sydney, Melbourne, Canberra, Hobart"),
        ("Australia/Brisbane", "Brisbane"),
        ("Australia/Adelaide", "Adelaide"),
        ("Australia/Darwin", "Darwin"),
        ("Australia/Perth", "Perth"),
        ("Australia/Lord_Howe", "Lord Howe Island"),
    ),
    Country.NZ: (("Pacific/Auckland", "Auckland, Wellington"), ("Pacific/Chatham", "Chatham Islands")),
    Country.GB: (("Europe/London", "London"),),
}


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Grouped by country, for a select."""
    return [(str(Country(code).label), list(zones)) for code, zones in TIME_ZONES.items()]


def fits(country: str, time_zone: str) -> bool:
    """Whether the time zone is one of the country's."""
    return any(time_zone == name for name, _ in TIME_ZONES.get(country, ()))
