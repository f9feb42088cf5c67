"""What the scenarios of ib_insync and ib_async have in common: connecting, contracts, record."""

from __future__ import annotations

from typing import Any

HOST = "127.0.0.1"
CLIENT_ID = 7
ADVANCE = 9001


class Base:
    """Connections to gateways, closed together.

    Parameters
    ----------
    library
        The module ``ib_insync`` or ``ib_async``.
    """

    def __init__(self, library: Any) -> None:
        self.lib = library
        self.ibs: list[Any] = []

    def _connect(self, port: int, client_id: int = CLIENT_ID) -> Any:
        ib = self.lib.IB()
        ib.heard = []
        ib.errorEvent += lambda *error: ib.heard.append(error[:2])
        ib.connect(HOST, port, clientId=client_id, timeout=5)
        self.ibs.append(ib)
        return ib

    def close(self) -> None:
        for ib in self.ibs:
            ib.disconnect()
        self.ibs.clear()

    @staticmethod
    def _codes(ib: Any) -> list[int]:
        return [code for _, code in ib.heard if code < 2100 or code > 2200]

    def _advance(self, ib: Any, seconds: float) -> str:
        future = ib.wrapper.startReq("currentTime")
        ib.client.send(ADVANCE, 1, seconds)
        return str(ib._run(future).strftime("%Y-%m-%d %H:%M:%S"))

    def _open(self, port: int, client_id: int = CLIENT_ID) -> Any:
        """Connect in the first session at 11:00 New York."""
        ib = self._connect(port, client_id)
        self._advance(ib, 2 * 3600)
        return ib

    def _vix_call(self, ib: Any, strike: float = 20.0) -> Any:
        call = self.lib.Option("VIX", "20260818", strike, "C", "SMART", tradingClass="VIX")
        ib.qualifyContracts(call)
        return call

    def _spx(self, strike: float, right: str) -> Any:
        return self.lib.Option("SPX", "20260821", strike, right, "SMART", tradingClass="SPXW")

    def _condor(self, ib: Any) -> Any:
        legs = []
        spec = ((6000.0, "P", "BUY"), (6100.0, "P", "SELL"), (6700.0, "C", "SELL"))
        for strike, right, action in (*spec, (6800.0, "C", "BUY")):
            leg = self._spx(strike, right)
            ib.qualifyContracts(leg)
            legs.append(self.lib.ComboLeg(leg.conId, 1, action, "SMART"))
        return self.lib.Contract(
            secType="BAG", symbol="SPX", exchange="SMART", currency="USD", comboLegs=legs
        )

    def _buy(self, quantity: float, price: float, ref: str = "steward") -> Any:
        return self.lib.LimitOrder("BUY", quantity, price, orderRef=ref)

    def _statuses(self, trade: Any) -> list[str]:
        statuses = [entry.status for entry in trade.log]
        return [s for i, s in enumerate(statuses) if i == 0 or s != statuses[i - 1]]

    @staticmethod
    def _fill(fill: Any) -> list[Any]:
        e, c = fill.execution, fill.contract
        return [c.secType, c.strike, e.side, e.shares, round(e.price, 4)]

    @staticmethod
    def _family(fill: Any) -> str:
        return ".".join(fill.execution.execId.split(".")[:-2])
