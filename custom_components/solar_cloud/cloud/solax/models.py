"""Product names by (business type, device type, model number), and what a family tells about a device.

Source: the developer portal's appendix on device models [doc], as transcribed by several public clients.
"""

from collections.abc import Mapping
from typing import Final

HOME: Final = "1"
COMMERCIAL: Final = "4"
"""Business types. Commercial plants report powers in kW and capacities in kWh."""

INVERTER: Final = "1"
BATTERY: Final = "2"
METER: Final = "3"
CHARGER: Final = "4"
"""Device types."""
EMS: Final = 100

KINDS: Final[Mapping[str, str]] = {
    INVERTER: "inverter",
    BATTERY: "battery",
    METER: "meter",
    CHARGER: "EV charger",
}

CHARGERS: Final[Mapping[int, str]] = {
    1: "X1/X3-EVC",
    2: "X1/X3-EVC G1.1",
    3: "X1/X3-HAC",
    4: "J1-EVC",
    5: "A1-HAC",
    6: "C1/C3-HAC",
}

MODELS: Final[Mapping[tuple[str, str], Mapping[int, str]]] = {
    (HOME, INVERTER): {
        1: "X1-LX",
        2: "X-Hybrid",
        3: "X1-Hybrid-G3",
        4: "X1-Boost/Air/Mini",
        5: "X3-Hybrid-G1/G2",
        6: "X3-20K/30K",
        7: "X3-MIC/PRO",
        8: "X1-Smart",
        9: "X1-AC",
        10: "A1-Hybrid",
        11: "A1-FIT",
        12: "A1",
        13: "J1-ESS",
        14: "X3-Hybrid-G4",
        15: "X1-Hybrid-G4",
        16: "X3-MIC/PRO-G2",
        17: "X1-SPT",
        18: "X1-Boost-G4",
        19: "A1-HYB-G2",
        20: "A1-AC-G2",
        21: "A1-SMT-G2",
        22: "X1-Mini-G4",
        23: "X1-IES",
        24: "X3-IES",
        25: "X3-ULT",
        26: "X1-SMART-G2",
        27: "A1-Micro 1in1",
        28: "X1-Micro 2in1",
        29: "X1-Micro 4in1",
        31: "X3-AELIO",
        32: "X3-HYB-G4 PRO",
        33: "X3-NEO-LV",
        34: "X1-VAST",
        35: "X3-IES-P",
        36: "J3-ULT-LV-16.5K",
        37: "J3-ULT-30K",
        38: "J1-ESS-HB-2",
        39: "C3-IES",
        40: "X3-IES-A",
        41: "X1-IES-A",
        43: "X3-ULT-GLV",
        44: "X1-MINI-G4 PLUS",
        46: "X1-Reno-LV",
        47: "A1-HYB-G3",
        48: "X1-Micro 4in1 G2",
        49: "X1-Micro 2in1 G2",
        50: "X-MS 2700",
        64: "OG",
        66: "X1-SPT-10K/12K",
        67: "LVE",
        69: "AEGIS",
        70: "X3-AELIO(LA)",
        100: "X3-FTH",
        101: "X3-MGA-G2",
        102: "X1-Hybrid-LV",
        103: "X1-Lite-LV",
        104: "X3-GRAND-HV",
        105: "X3-FORTH-PLUS",
        108: "X3-MIC-G3",
        109: "X3-PRO-G3",
    },
    (HOME, METER): {
        50: "Meter X",
        176: "M1-40",
        178: "M3-40",
        179: "M3-40-Dual",
        181: "M3-40-Wide",
    },
    (HOME, CHARGER): CHARGERS,
    (COMMERCIAL, INVERTER): {
        1: "X3-AELIO",
        2: "X3-TRENE-100KI",
        3: "X3-TRENE-100K",
        4: "X3-TRENE",
        16: "X3-PRO G2",
        31: "X3-AELIO",
        42: "X3-AELIO",
        100: "X3-FORTH",
        101: "X3-MEGA G2",
        104: "X3-GRAND",
        105: "X3-FORTH PLUS",
    },
    (COMMERCIAL, BATTERY): {
        1: "TB-HR140",
        2: "TB-HR522",
        145: "TSYS-HS51",
        163: "TR-HR140",
    },
    (COMMERCIAL, METER): {
        **dict.fromkeys(range(4), "DTSU666-CT"),
        4: "Wi-BR DTSU666-CT",
        5: "Wi-BR DTSU666-CT",
        6: "CT",
        7: "DTSU666-CT",
        8: "UMG 103-CBM",
        9: "M3-40-Dual",
        10: "M3-40",
        11: "PRISMA-310A",
    },
    (COMMERCIAL, CHARGER): CHARGERS,
}

WITHOUT_BATTERY: Final = frozenset(
    {4, 7, 8, 16, 18, 22, *range(26, 30), 44, 48, 49, 108, 109}
)
"""Residential string and micro inverters, which no battery can be connected to [guess, from the product lines]."""

PHASES: Final[Mapping[str, int]] = {"X1": 1, "X3": 3, "C3": 3, "J3": 3}
"""The family's name says how many phases an inverter feeds."""


def model_name(business: str, device_type: str, number: int | None) -> str:
    """Name a product; an unlisted number stays visible, so that a user can report it."""
    kind = f"SolaX {KINDS.get(device_type, 'device')}"
    if number is None:
        return kind
    return MODELS.get((business, device_type), {}).get(
        number, f"{kind} (model {number})"
    )


def phases(model: str) -> int | None:
    """Return the phases an inverter feeds, where its name says so."""
    return PHASES.get(model[:2])


def takes_battery(business: str, number: int | None) -> bool:
    """Whether an inverter can have a battery; only families known not to are left out."""
    return not (business == HOME and number in WITHOUT_BATTERY)
