"""The faults that the order machine injects; each is one of the catalogue, and strikes once."""

from __future__ import annotations


def _once(when: str, what: str, **parameters: object) -> str:
    lines = [f"{name} = {_toml(value)}" for name, value in parameters.items()]
    return "\n".join(["[[fault]]", f"when = {{ {when} }}", f'what = "{what}"', *lines])


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


NEW = 'received = "place_order", kind = "new"'
CHANGE = 'received = "place_order", kind = "change"'
PREVIEW = 'received = "place_order", kind = "preview"'
CANCEL = 'received = "cancel_order"'

DUPLICATE = _once(NEW, "duplicate")

PHASES = ("submitted", "acknowledged", "partly_filled", "filled", "cancel_requested", "cancelled")
LISTS = ("open_orders_end", "completed_orders_end", "executions_end", "positions_end")
NEWS = ("order_status", "open_order", "execution", "commission", "completed_order", "position")
LOST = ("order_status", "commission")
"""News that can stay away for good. A record in the midst of a list cannot, on a stream: there it
is damaged, and the library says so."""

FAULTS: tuple[str, ...] = (
    DUPLICATE,
    *(_once(NEW, "error", code=code) for code in (103, 201, 321)),
    *(_once(CHANGE, "error", code=code) for code in (105, 110, 321)),
    *(_once(CANCEL, "error", code=code, passes=True) for code in (161, 10147, 10148, 321)),
    *(_once(CANCEL, "error", code=code) for code in (161, 10147)),
    *(_once(when, "drop") for when in (NEW, CHANGE, CANCEL)),
    _once(CANCEL + ", times = 20", "drop"),
    _once(CANCEL + ", times = 20", "error", code=10148),
    *(_once(PREVIEW, "what_if", how=how) for how in ("hang", "unset", "unset_first", "reject")),
    *(_once(f'phase = "{phase}"', "disconnect", passes=True) for phase in PHASES),
    *(_once(f'phase = "{phase}"', "disconnect", how="eof") for phase in PHASES),
    *(_once(f'phase = "{phase}"', "half_open") for phase in PHASES[:2]),
    *(_once(f'phase = "{phase}"', "mute") for phase in PHASES[:2]),
    *(_once(f'sent = "{name}"', "drop") for name in (*LISTS, *LOST)),
    *(_once(f'sent = "{name}"', "replay") for name in (*LISTS, *NEWS)),
    *(_once(f'sent = "{name}"', "replay", messages=3) for name in NEWS),
    *(_once(f'sent = "{name}"', "reorder") for name in (*LISTS, *NEWS)),
    *(_once(f'sent = "{name}"', "corrupt", how="field") for name in (*LISTS, *NEWS)),
    *(_once(f'sent = "{name}"', "corrupt", how="truncated") for name in NEWS),
    *(_once(f'sent = "{name}"', "corrupt", how="length") for name in ("order_status", "position")),
    *(
        _once('sent = "execution"', "execution_time", form=form)
        for form in ("utc", "chicago", "bare")
    ),
    _once('sent = "commission"', "unset_commission"),
    _once('received = "start_api"', "client_id_busy"),
    '[[fault]]\nwhat = "refuse"\nconnections = 1',
    '[[fault]]\nwhat = "clock_skew"\nseconds = 5.0',
    '[[fault]]\nwhat = "upstream"\nstate = "lost"',
    '[[fault]]\nwhat = "upstream"\nstate = "restored"',
    '[[fault]]\nwhat = "upstream"\nstate = "data_lost"',
)
