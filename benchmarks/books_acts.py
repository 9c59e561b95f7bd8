"""A bank's answer taken in and a run released, each beside its bare floor."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.disbursement.release import release
from app.reconciliation import service
from app.reconciliation.models import ReturnKind
from benchmarks import books_city, books_floor, serving
from benchmarks.books_city import Block
from benchmarks.measuring import Measure, peak_mb, timed
from benchmarks.serving import Ours, Sides, apart, say

BOUND = 3
CITY = 500_000
"""From so many lines on the bound of a release counts: below, its statements are most of it."""

TAKING_MB_MAX = 600
SIDES = Sides("books_seed", "books", "books_floor")


def measures(rows: int) -> list[Measure]:
    """A file of so many lines taken in, and runs of a tenth of them released."""
    with serving.city(SIDES, books_city.make, rows) as (cluster, home):
        return measure(cluster, rows, home)


def measure(cluster: Cluster, rows: int, home: Path) -> list[Measure]:
    """The releases in turns with their floors, then both answers, the small one first."""
    sent, *waiting = books_city.blocks(rows)
    ours = Ours(cluster.serving_url(SIDES.ours), home)
    with cluster.superuser(SIDES.bare) as bare:
        took, floors, body = [], [], b""
        with apart(ours) as worker:
            for block in waiting:
                done = worker.submit(_release, block).result()
                took.append(done)
                body = body or serving.body_of_a_file(cluster, SIDES)
                floors.append(timed(partial(books_floor.send, bare, block.run_id, body)))
                say(f"released in {done.seconds:.3f} s, the bare rows in {floors[-1]:.3f} s")
        with apart(ours) as worker:
            small = worker.submit(_take_in, waiting[0], took[0].file).result()
        with apart(ours) as worker:
            large = worker.submit(_take_in, sent, books_city.SENT_FILE).result()
        with cluster.superuser(SIDES.ours) as connection:
            lines = books_floor.lines_taken(connection, sent.file_id)
        floor = timed(lambda: books_floor.take_in(bare, sent.file_id, lines))
    count = waiting[0].count
    return [
        Measure(
            f"a return file of {count:,} lines taken in", count, small.seconds,
            peak_mb=small.peak_mb, peak_mb_max=TAKING_MB_MAX,
        ),
        Measure(
            f"a return file of {rows:,} lines taken in", rows, large.seconds,
            "bare COPY, one join, the same rows", floor, BOUND,
            peak_mb=large.peak_mb, peak_mb_max=TAKING_MB_MAX,
        ),
        Measure(
            f"a run of {count:,} payouts released, its files written", count,
            min(one.seconds for one in took), "bare INSERT … SELECT of the same rows",
            min(floors), BOUND if rows >= CITY else None, peak_mb=took[-1].peak_mb,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What one act took, the most memory its process has held, and the file it made."""

    seconds: float
    peak_mb: int
    file: str = ""


def _release(block: Block) -> Done:
    """Releases a run; nothing of it may be left behind."""
    made: list[tuple[int, str]] = []

    def act() -> None:
        with db.scoped_session(SYSTEM) as session:
            done = release(session, block.run_id, by=SYSTEM)
            made.append((done.payouts, done.files[0].number))

    seconds = timed(act)
    payouts, number = made[0]
    if payouts != block.count:
        raise RuntimeError(f"{payouts} of {block.count} payouts were sent")
    return Done(seconds, peak_mb(), number)


def _take_in(block: Block, number: str) -> Done:
    """Takes the bank's answer to a file in, its bytes in memory as an upload has them."""
    data = books_city.answer(serving.at().home, block).read_bytes()
    made: list[int] = []

    def act() -> None:
        with db.scoped_session(SYSTEM) as session:
            taken = service.receive(
                session, payment_file=number, kind=ReturnKind.REPLY, data=data, by=SYSTEM
            )
            made.append(taken.file.line_count)

    seconds = timed(act)
    if made != [block.count]:
        raise RuntimeError(f"{made[0]} of {block.count} lines were taken in")
    say(f"{block.count:,} lines taken in in {seconds:.3f} s, {peak_mb()} MB")
    return Done(seconds, peak_mb())
