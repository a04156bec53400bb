"""Geo-blocked splits: parts that share no place, no ground and no image, with a buffer of chips between them.

    parts = split(triplets, {"train": 0.8, "test": 0.2}, seed=1)
    assert_disjoint(parts["train"], parts["test"])

Embeddings of places are fingerprints of them, and overlapping tiles show the same ships: a random split measures
memory. What must stay together is found first (same place, ground within the buffer, same pixels, same scene, through
any number of links); whole groups are then dealt to the parts.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from fusar_core.errors import BadOption
from training.data.ground import Footprint, block_of, gap_m, near_pairs, overlap
from training.data.loading import load_image
from training.data.triplets import Triplet
from training.errors import LeakingSplit

BUFFER_CHIPS = 1.0
OFF_TARGET = 0.05
"""A part that misses its share by more than this share of all triplets is worth a note."""

Key = Callable[[Triplet], str | None]


@dataclass(frozen=True)
class Split:
    """The parts of a split, each in the order of the input.

    groups: how many independent groups the triplets form. dropped: those left out to keep the buffer between blocks.
    notes: what the user should know: what could not be checked, and proportions that the groups do not allow.
    """

    parts: dict[str, list[Triplet]]
    groups: int
    dropped: list[Triplet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, part: str) -> list[Triplet]:
        return self.parts[part]


def content_hash(triplet: Triplet, root: Path) -> str:
    """Of the pixels of a chip, whatever its file's format: the same image under two names has one hash."""
    pixels = load_image(triplet, root)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def split(
    triplets: Sequence[Triplet],
    proportions: Mapping[str, float],
    *,
    seed: int = 0,
    buffer_chips: float = BUFFER_CHIPS,
    hash_of: Key | None = None,
) -> Split:
    """Deals groups of triplets that belong together to parts.

    proportions: part → its share, in any unit. buffer_chips: ground between parts, in sides of the larger chip.
    hash_of: the hash of a triplet's pixels (`content_hash`), to keep equal images together. The same triplets, in any
    order, give the same parts.

    Raises BadOption for impossible proportions, and when there are fewer groups than parts.
    """
    targets = _targets(proportions, len(triplets))
    groups = groups_of(triplets, buffer_chips, hash_of)
    if len(groups) < len(targets):
        raise BadOption(
            f"{len(triplets)} triplets form {len(groups)} independent group(s), too few for {len(targets)} parts.",
            "Places and ground must not be shared; add places, or cut the ground into blocks (--block-km).",
        )
    dealt = _deal([sorted(triplets[i].id for i in group) for group in groups], targets, seed)
    part_of = {name: part for part, names in dealt.items() for name in names}
    parts = {part: [t for t in triplets if part_of[t.id] == part] for part in targets}
    return Split(parts, len(groups), notes=[*unchecked(triplets), *_off_target(parts, targets)])


def split_blocks(
    triplets: Sequence[Triplet],
    proportions: Mapping[str, float],
    block_km: float,
    *,
    seed: int = 0,
    buffer_chips: float = BUFFER_CHIPS,
) -> Split:
    """Deals blocks of ground to parts, where everything lies in one place, and drops chips near another part.

    Blocks are squares of about `block_km` on a grid of latitudes and longitudes; a chip belongs to that of its centre,
    and its `place` says so afterwards. At borders the larger part gives way.

    Raises BadOption also for triplets without footprint.
    """
    if bare := [t.id for t in triplets if t.footprint is None]:
        raise BadOption(f"{len(bare)} triplets have no footprint, the first is {bare[0]}.", "Split them by place.")
    targets = _targets(proportions, len(triplets))
    blocks: dict[str, list[str]] = defaultdict(list)
    placed = []
    for triplet, ground in zip(triplets, _ground(triplets), strict=True):
        row, column = block_of(ground, block_km)
        placed.append(replace(triplet, place=f"{triplet.place} block {row} {column}".strip()))
        blocks[f"{row} {column}"].append(triplet.id)
    if len(blocks) < len(targets):
        raise BadOption(f"The ground holds {len(blocks)} block(s) of {block_km:g} km.", "Give smaller blocks.")
    dealt = _deal([sorted(names) for names in blocks.values()], targets, seed)
    part_of = {name: part for part, names in dealt.items() for name in names}
    order = sorted(targets, key=lambda part: (-len(dealt[part]), part))
    kept: dict[str, list[Triplet]] = {p: [t for t in placed if part_of[t.id] == p] for p in targets}
    dropped: list[Triplet] = []
    for larger, smaller in combinations(order, 2):
        close = {i for i, _ in near_pairs(_ground(kept[larger]), _ground(kept[smaller]), buffer_chips)}
        dropped += [t for i, t in enumerate(kept[larger]) if i in close]
        kept[larger] = [t for i, t in enumerate(kept[larger]) if i not in close]
    if empty := [part for part, members in kept.items() if not members]:
        raise BadOption(f"Nothing is left of the part {empty[0]} beside the buffers.", "Give larger blocks.")
    return Split({part: kept[part] for part in targets}, len(blocks), dropped, _off_target(kept, targets))


def assert_disjoint(
    train: Sequence[Triplet],
    test: Sequence[Triplet],
    buffer_chips: float = BUFFER_CHIPS,
    hash_of: Key | None = None,
) -> list[str]:
    """Refuses two parts that share an id, a place, a scene, pixels, or ground within the buffer.

    hash_of: as for `split`. Returns notes on what could not be checked. Raises LeakingSplit, naming a pair.
    """
    links: dict[str, Key] = {"the id": lambda t: f"{t.id} {t.source}".strip(), **_links(hash_of)}
    for what, key in links.items():
        first = {value: t for t in reversed(train) if (value := key(t))}
        for other in test:
            if (value := key(other)) and value in first:
                raise _leak(
                    first[value], other, "the same pixels" if what == "pixels" else f"{what} '{value}' in common"
                )
    ones, others = [t for t in train if t.footprint], [t for t in test if t.footprint]
    for i, j in near_pairs(_ground(ones), _ground(others), buffer_chips):
        a, b = _ground([ones[i]])[0], _ground([others[j]])[0]
        how = "overlapping ground" if overlap(a, b) else f"ground only {gap_m(a, b):.0f} m apart"
        raise _leak(ones[i], others[j], how)
    return unchecked([*train, *test])


def groups_of(
    triplets: Sequence[Triplet], buffer_chips: float = BUFFER_CHIPS, hash_of: Key | None = None
) -> list[list[int]]:
    """Indices of the triplets that must stay together, group by group, each ascending."""
    parent = list(range(len(triplets)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    links: dict[str, Key] = {**_links(hash_of), "the image": lambda t: t.image}
    for key in links.values():
        first: dict[str, int] = {}
        for i, triplet in enumerate(triplets):
            if value := key(triplet):
                parent[root(i)] = root(first.setdefault(value, i))
    placed = [i for i, t in enumerate(triplets) if t.footprint]
    ground = _ground([triplets[i] for i in placed])
    for a, b in near_pairs(ground, ground, buffer_chips):
        parent[root(placed[b])] = root(placed[a])
    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(len(triplets)):
        groups[root(i)].append(i)
    return list(groups.values())


def unchecked(triplets: Iterable[Triplet]) -> list[str]:
    """What nobody can check about these triplets, in words."""
    everything = list(triplets)
    bare = [t for t in everything if t.footprint is None]
    lost = [t for t in bare if not t.place and not t.scene]
    notes = []
    if bare:
        notes.append(
            f"{len(bare)} of {len(everything)} triplets have no footprint: shared ground cannot be seen, only places, "
            "scenes and equal pixels."
        )
    if lost:
        notes.append(f"{len(lost)} of these have no place or scene either: each counts as a place of its own.")
    return notes


def _links(hash_of: Key | None) -> dict[str, Key]:
    """What two triplets may have in common beside ground, and how it is read of one."""
    links: dict[str, Key] = {
        "the place": lambda t: t.place,
        "the scene": lambda t: t.scene if t.footprint is None else None,  # else its ground tells more
    }
    return {**links, "pixels": hash_of} if hash_of else links


def _leak(one: Triplet, other: Triplet, how: str) -> LeakingSplit:
    return LeakingSplit(
        f"Triplets {one.id} and {other.id} are in different parts and have {how}.",
        "Split again by place and ground: python -m training.data split.",
    )


def _ground(triplets: Iterable[Triplet]) -> list[Footprint]:
    return [t.footprint for t in triplets if t.footprint is not None]


def _targets(proportions: Mapping[str, float], total: int) -> dict[str, float]:
    """How many triplets each part is to have."""
    if not proportions or any(not share > 0 for share in proportions.values()):
        raise BadOption(f"Parts {dict(proportions)} cannot be made.", "Give every part a share above 0.")
    whole = sum(proportions.values())
    return {part: total * share / whole for part, share in proportions.items()}


def _deal(groups: list[list[str]], targets: Mapping[str, float], seed: int) -> dict[str, list[str]]:
    """Gives every group to the part that lacks most; groups too large for the smallest part go first."""

    def lot(group: list[str]) -> str:
        return hashlib.sha256(f"{seed} {group[0]}".encode()).hexdigest()

    least = min(targets.values())
    waiting = sorted(groups, key=lambda g: (-len(g) if len(g) > least else 0, lot(g)))
    dealt: dict[str, list[str]] = {part: [] for part in targets}
    for done, group in enumerate(waiting):
        empty = [part for part in targets if not dealt[part]]
        open_to = empty if len(waiting) - done <= len(empty) else list(targets)  # no part goes without
        dealt[max(open_to, key=lambda part: targets[part] - len(dealt[part]))] += group
    return dealt


def _off_target(parts: Mapping[str, Sequence[Triplet]], targets: Mapping[str, float]) -> list[str]:
    """Says so where groups are too large for the proportions."""
    total = sum(targets.values())
    return [
        f"Part {part} has {len(parts[part])} triplets where {target:.0f} were wanted: groups are large."
        for part, target in targets.items()
        if abs(len(parts[part]) - target) > max(1.0, OFF_TARGET * total)
    ]
