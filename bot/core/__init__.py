"""Pure decision core: functions of (snapshot, book, rules); no clock, no I/O, no broker."""
