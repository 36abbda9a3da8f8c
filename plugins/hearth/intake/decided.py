"""What people decided about pulls, put back while a warehouse is made again: in the place where each decision was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hearth.warehouse.connections import connect

EXPORTED = ("hold_decision", "pull_choice")
"""Kinds of acts (`sql/exported_<kind>.sql`) whose pulls are named by their manifests: their numbers are others after a restore."""

_WHO = ("why", "who", "login", "acting_for", "at")


class Decided:
    """Decisions on held pulls and choices of pulls, by manifest."""

    def __init__(self, acts: Iterable[dict[str, Any]]) -> None:
        self.decisions: dict[str, dict[str, Any]] = {}
        self.choices: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._pulls: dict[str, int] = {}
        for act in acts:
            if act["kind"] == "hold_decision":
                self.decisions[act["manifest"]] = act
            elif act["kind"] == "pull_choice":
                self.choices[act["after_manifest"]].append(act)

    def recorded(self, manifest: str, pull_id: int) -> None:
        """Which number a pull has now."""
        self._pulls[manifest] = pull_id

    def accepts(self, manifest: str) -> bool:
        """Put back the decision on the hold of a pull, where there is one; whether the pull is to be loaded after all."""
        act = self.decisions.get(manifest)
        if act is None:
            return False
        with connect("owner") as owner:
            owner.execute(
                "insert into ledger.hold_decision (hold_id, decision, why, who, login, acting_for, at)"
                " select hold_id, %s, %s, %s, %s, %s, %s from ledger.batch_hold where pull_id = %s on conflict do nothing",
                (act["decision"], *(act[name] for name in _WHO), self._pulls[manifest]),
            )
        return bool(act["decision"] == "accepted")

    def stand_again(self, manifest: str) -> list[int]:
        """Put back the choices made after a pull; returns the pulls to load again, in order."""
        chosen = [act for act in self.choices[manifest] if act["manifest"] in self._pulls]
        with connect("owner") as owner:
            for act in chosen:
                owner.execute(
                    "insert into ledger.pull_choice (pull_id, after_pull_id, why, who, login, acting_for, at)"
                    " values (%s, %s, %s, %s, %s, %s, %s)",
                    (self._pulls[act["manifest"]], self._pulls[manifest], *(act[name] for name in _WHO)),
                )
        return [self._pulls[act["manifest"]] for act in chosen]
