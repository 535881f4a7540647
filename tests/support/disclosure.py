"""An attacker of published figures: knows every rule, and works out what each hidden figure can be.

Two ways. `attack` solves the linear relations of what was published, numbers between a least and a most,
until nothing narrows any more. `alternatives` goes further and needs no algebra: another set of true figures
that leads to exactly the same publications is one that nobody can tell from the real one.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from miniprogram_api.engagement import rules
from miniprogram_api.engagement.rules import Figures, Shown, Totals

FEW = range(1, rules.LEAST_PEOPLE)
WHOLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bookings": (("cancellations", "no_shows"),),
    "visitors": (("group_visitors",), ("minors_under14", "minors_14_17")),
    "green_checkins": (),
    "ratings_n": (),
}
DayKey = tuple[str, int]
History = Mapping[DayKey, Sequence[Figures]]
_MOST = 10**6


@dataclass
class Attacker:
    """What each unknown can be, and what is known of sums of them."""

    bounds: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    sums: list[tuple[tuple[Hashable, ...], int]] = field(default_factory=list)

    def knows(self, cell: Hashable, least: int, most: int) -> None:
        low, high = self.bounds.get(cell, (0, _MOST))
        self.bounds[cell] = max(low, least), min(high, most)

    def knows_sum(self, cells: Sequence[Hashable], total: int) -> None:
        """Cells that stand twice among them are counted twice."""
        self.sums.append((tuple(cells), total))

    def solve(self) -> None:
        before: object = None
        while before != self.bounds:
            before = dict(self.bounds)
            for cells, total in self.sums:
                for cell in cells:
                    others = [self.bounds.get(other, (0, _MOST)) for other in cells if other != cell]
                    least = total - sum(high for _, high in others)
                    most = total - sum(low for low, _ in others)
                    self.knows(cell, least, most)


@dataclass(frozen=True)
class Published:
    """Everything that left: the states of each day, and after each step the totals of projects and days."""

    days: Mapping[DayKey, Sequence[Shown]]
    by_project: Sequence[Mapping[str, Totals]]
    by_day: Sequence[Mapping[int, Totals]]


def publish(history: History) -> Published:
    """What the rules let out of true figures that change step by step."""
    days: dict[DayKey, list[Shown]] = {key: [] for key in history}
    by_project, by_day = [], []
    for step in range(max(len(steps) for steps in history.values())):
        for key, steps in history.items():
            figures = steps[min(step, len(steps) - 1)]
            days[key].append(rules.let_out(figures, days[key]))
        last = {key: shown[-1] for key, shown in days.items()}
        by_project.append({of: rules.total(s for (p, _), s in last.items() if p == of) for of, _ in last})
        by_day.append({on: rules.total(s for (_, d), s in last.items() if d == on) for _, on in last})
    return Published(days, by_project, by_day)


def attack(published: Published) -> Attacker:
    """All linear relations between the figures of all states of all days, solved."""
    attacker = Attacker()
    for key, states in published.days.items():
        for step, shown in enumerate(states):
            _add_state(attacker, (key, step), shown)
    steps = range(len(published.by_project))
    for step in steps:
        last = {key: states[step] for key, states in published.days.items()}
        for project, totals in published.by_project[step].items():
            _add_totals(attacker, {k: s for k, s in last.items() if k[0] == project}, step, totals)
        for on, totals in published.by_day[step].items():
            _add_totals(attacker, {k: s for k, s in last.items() if k[1] == on}, step, totals)
    attacker.solve()
    return attacker


def _add_state(attacker: Attacker, where: Any, shown: Shown) -> None:
    for name, value in shown.values.items():
        if value is not None and name in rules.SUMMED:
            attacker.knows((where, name), value, value)
    for whole, divisions in WHOLES.items():
        if whole in shown.hidden:
            attacker.knows((where, whole), FEW[0], FEW[-1])
            continue
        for division in divisions:
            known = [name for name in division if shown.values[name] is not None or name in shown.hidden]
            if known:
                cells = [(where, name) for name in known] + [(where, f"rest of {division[0]}")]
                attacker.knows_sum(cells, shown.values[whole])


def _add_totals(attacker: Attacker, rows: Mapping[DayKey, Shown], step: int, totals: Totals) -> None:
    """A total says which figures it goes without: those that are hidden."""
    for name, value in totals.values.items():
        told = [((key, step), name) for key, shown in rows.items() if shown.values[name] is not None]
        if value is not None:
            attacker.knows_sum(told, value)


def alternatives(history: History) -> Iterator[tuple[str, History]]:
    """Other true figures, each with one number of few people, or one change by few, replaced by another."""
    for key, steps in history.items():
        for step, figures in enumerate(steps):
            earlier = publish({key: steps[: step + 1]}).days[key][:-1]
            for what, other in _others(figures, earlier):
                changed = [*steps[:step], other, *steps[step + 1 :]]
                yield f"{key} step {step}: {what}", {**history, key: changed}


def _others(figures: Figures, earlier: Sequence[Shown]) -> Iterator[tuple[str, Figures]]:
    for whole, divisions in WHOLES.items():
        true = getattr(figures, whole)
        for number in _same_to_see(whole, true, earlier):
            yield f"{whole} {number}", _with_whole(figures, whole, number)
        if true in FEW:
            continue
        for division in divisions:
            known = [name for name in division if getattr(figures, name) is not None]
            parts = [getattr(figures, name) for name in known]
            rest = true - sum(parts)
            for name, part in zip(known, parts, strict=True):
                if part in FEW:
                    nothing = dict.fromkeys(known, 0)
                    yield from (
                        (f"{name} {number}", replace(figures, **(nothing | {name: number}))) for number in FEW
                    )
            if known and rest in FEW:
                nothing = dict.fromkeys(known, 0)
                yield from (
                    (f"rest {number}", replace(figures, **(nothing | {known[0]: true - number})))
                    for number in FEW
                )


def _same_to_see(whole: str, true: int, earlier: Sequence[Shown]) -> Iterator[int]:
    if true in FEW:
        yield from FEW
        return
    for shown in earlier:
        before = shown.values[whole]
        if before is not None and 0 < abs(true - before) < rules.LEAST_PEOPLE:
            yield from (before + change for change in FEW if before + change >= rules.LEAST_PEOPLE)
            yield from (before - change for change in FEW if before - change >= rules.LEAST_PEOPLE)


def _with_whole(figures: Figures, whole: str, number: int) -> Figures:
    parts = [name for division in WHOLES[whole] for name in division if getattr(figures, name) is not None]
    return replace(figures, **{whole: number}, **dict.fromkeys(parts, 0))
