"""What all clouds do with alarms: their texts by language, and what may be wrong with a list of them."""

from typing import Any, Literal

from .world.noise import chance, seed_of

type AlarmTrouble = Literal["hollow", "shuffled", "twice"]
"""An answer that is a success and holds nothing, not even an empty list; rows in another order with each call; every row twice."""

GERMAN = {
    "BMS Communication Fault": "BMS-Kommunikationsfehler",
    "Battery pack undervoltage": "Unterspannung im Batteriepack",
    "Grid Undervoltage": "Netzunterspannung",
    "The inverter cannot reach the battery.": "Der Wechselrichter erreicht die Batterie nicht.",
    "Voltage below threshold": "Spannung unter dem Schwellwert",
    "1. Charge the battery.\n2. Contact the installer.": "1. Lade die Batterie.\n2. Wende dich an den Installateur.",
}
CHINESE = {
    "BMS Communication Fault": "BMS通信故障",
    "Grid Undervoltage": "电网欠压",
}


def in_language(text: str | None, language: str) -> str | None:
    """Return a text as the cloud shows it in a language; what nobody translated stays English."""
    words = {"de": GERMAN, "zh": CHINESE}.get(language.strip("_")[:2].lower(), {})
    return text and words.get(text, text)


def disturbed(
    rows: list[dict[str, Any]], troubles: frozenset[AlarmTrouble], call: str
) -> list[dict[str, Any]]:
    """Return the rows of a list with what is wrong with it; ``call`` differs from call to call."""
    if "twice" in troubles:
        rows = [*rows, *rows]
    if "shuffled" in troubles:
        seed = seed_of("alarms", call)
        order = sorted(range(len(rows)), key=lambda number: chance(seed, number))
        rows = [rows[number] for number in order]
    return rows
