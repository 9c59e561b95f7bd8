"""The `aid` command."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import structlog
import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import text

from app import work
from app.auth import service as auth
from app.core import db, migrating, settings, starting
from app.core.actor import SYSTEM
from app.core.errors import AidError
from app.core.settings import Settings, SettingsWrong
from app.demo import serving
from app.demo.door import DoorRefused
from app.demo.trail import TrailBroken
from app.ledger import exporting
from app.ledger.proving import prove
from app.ledger.signing import KeyWrong, own_signer, public_key_of
from app.policy import checker
from app.reports import verification
from app.simulation import desk, pages
from app.simulation.pairs import Question
from app.simulation.service import SHEET_NAMES_MAX, simulate

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="学生资助管理中心 · student aid centre"
)
policy = typer.Typer(no_args_is_help=True, help="The policy catalogue.")
app.add_typer(policy, name="policy")
registers = typer.Typer(no_args_is_help=True, help="Other departments' lists.")
app.add_typer(registers, name="registers")
say = Console(stderr=True, highlight=False)

POLL_SECONDS = 0.5
FAULTS_SHOWN = 50
UPLOAD_TIMEOUT_SECONDS = 300
OVER = {"done", "refused", "failed"}


@app.callback()
def _speak_apart(context: typer.Context) -> None:
    # Standard output is for answers. That a service started is news, that a command did is not.
    long_running = context.invoked_subcommand in {"serve", "worker"}
    level = logging.INFO if long_running else logging.WARNING
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def stop(why: object) -> NoReturn:
    """Ends with one clear line and exit status 1."""
    faults = [fault.en for fault in why.faults] if isinstance(why, AidError) else []
    say.print("aid:", " ".join([str(why), *faults]), markup=False, soft_wrap=True)
    raise typer.Exit(1)


def known() -> Settings:
    """The settings, or the end with the line that says what is wrong with them."""
    try:
        return settings.get()
    except SettingsWrong as wrong:
        stop(wrong)


@contextmanager
def connected() -> Iterator[None]:
    """The database bound for a command, without serving and without a worker."""
    try:
        running = starting.start(known())
    except (SettingsWrong, AidError) as wrong:
        stop(wrong)
    try:
        yield
    except AidError as refused:
        stop(refused)
    finally:
        running.stop()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serves the API, with a worker beside it unless AID_WORKER=false."""
    told = known()
    uvicorn.run("app.main:app", host=host or told.host, port=port or told.port, log_level="warning")


@app.command()
def worker() -> None:
    """Runs background work apart from the service."""
    told = known()
    if told.database_url is None:
        stop("a worker apart needs AID_DATABASE_URL; without it `aid serve` works by itself")
    with connected():
        say.print(f"worker of {len(work.JOBS)} kinds of work")
        work.run(told.database_url.get_secret_value())
        say.print("worker stopped")


@app.command()
def migrate() -> None:
    """Brings the database to this version, as its owner."""
    try:
        cluster, owner, serving = starting.database_urls(known())
        if not owner:
            stop("`aid migrate` needs AID_OWNER_DATABASE_URL beside AID_DATABASE_URL")
        migrating.upgrade(owner, serving)
    except (SettingsWrong, AidError) as wrong:
        stop(wrong)
    if cluster is not None:
        cluster.stop()
    say.print("the database is at the newest revision")


@app.command("create-admin")
def create_admin(
    username: Annotated[str, typer.Option(prompt=True)],
    name: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Lets an administrator in, and makes the city centre if it is not there yet."""
    with connected(), db.scoped_session(SYSTEM) as session:
        auth.create_first_administrator(session, username=username, name=name, password=password)
    say.print(f"administrator {username} can log in", markup=False)


@policy.command("check")
def policy_check(
    directory: Annotated[Path | None, typer.Argument(help="A catalogue, or many.")] = None,
) -> None:
    """Checks catalogue files and runs their examples; exit status 1 when something is wrong."""
    report = checker.check_directory(directory) if directory else checker.check_directory()
    for fault in report.faults:
        typer.echo(f"{fault.where}: {fault.en}\n    {fault.zh}")
    typer.echo(
        f"{len(report.catalogues)} catalogue(s), {report.programmes} programme(s), "
        f"{report.versions} version(s), {report.examples} example(s): "
        f"{'all right' if report.ok else f'{len(report.faults)} fault(s)'}"
    )
    if not report.ok:
        raise typer.Exit(1)


@app.command("export-ledger")
def export_ledger(
    to: Annotated[Path, typer.Argument(help="A directory; made where it is not there.")],
) -> None:
    """Writes the books, their seals and a journal for hledger into a directory."""
    try:
        signer = own_signer()
    except KeyWrong as wrong:
        stop(str(wrong))
    with connected(), db.scoped_session(SYSTEM) as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        digests = exporting.export(session, to, signer=signer)
    for name, digest in sorted(digests.items()):
        typer.echo(f"{digest}  {name}")


@app.command()
def verify(
    export: Annotated[
        Path | None, typer.Option(help="An export to prove, without any database.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="Whose signature the export's seals must bear.")
    ] = None,
) -> None:
    """Recomputes the books, promises and payments from their lines; exit status 1 on a finding."""
    if export is not None:
        _prove(export, public_key)
        return
    with connected(), db.scoped_session(SYSTEM) as session:
        findings = verification.verify(session)
    for finding in findings:
        typer.echo(f"{finding.code} {finding.where}: {finding.en}\n    {finding.zh}")
    typer.echo(f"{len(findings)} finding(s)" if findings else "clean")
    if findings:
        raise typer.Exit(1)


def _prove(folder: Path, public_key: Path | None) -> None:
    try:
        broken = prove(folder, key=public_key_of(public_key) if public_key else None)
    except (OSError, ValueError, KeyWrong) as wrong:
        stop(f"{folder} cannot be proved: {wrong}")
    for each in broken[:FAULTS_SHOWN]:
        typer.echo(str(each))
    typer.echo(f"{len(broken)} finding(s)" if broken else "clean")
    if broken:
        raise typer.Exit(1)


@app.command("simulate")
def simulate_rules(
    period: Annotated[str, typer.Option(help="For instance 2008-spring, or 2007-2008.")],
    catalogue: Annotated[str | None, typer.Option(help="Another catalogue, by name.")] = None,
    programme: Annotated[list[str] | None, typer.Option(help="Only these programmes.")] = None,
    draft: Annotated[list[str] | None, typer.Option(metavar="CODE=DRAFT-ID")] = None,
    file: Annotated[list[str] | None, typer.Option(metavar="CODE=VERSION.TOML")] = None,
    as_of: Annotated[str | None, typer.Option(help="Who was there on a day; today.")] = None,
    school_year: Annotated[str | None, typer.Option(help="Whose pupils; the period's.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write a workbook too.")] = None,
    names: Annotated[bool, typer.Option(help="With a sheet of names.")] = False,
) -> None:
    """Reckons other rules over the registry: who gains and loses, what it costs; stores nothing."""
    shown = TextColumn("{task.completed} students")
    bar = Progress(shown, console=say, transient=True, disable=not say.is_terminal)
    with connected(), db.scoped_session(SYSTEM) as session, bar:
        line = bar.add_task("students", total=None)
        asked = Question(
            period=period,
            catalogue=catalogue,
            programmes=tuple(programme or ()),
            changes=desk.changes_of(draft or (), file or ()),
            on=desk.day_of(as_of),
            school_year=school_year,
            names=names and xlsx is not None,
        )
        found = simulate(
            session,
            asked,
            by=SYSTEM,
            names_max=SHEET_NAMES_MAX,
            progress=lambda done: bar.update(line, completed=done),
        )
    desk.show(found, Console())
    if xlsx is not None:
        try:
            xlsx.write_bytes(pages.workbook(found, "zh"))
        except OSError as error:
            stop(f"{xlsx} cannot be written: {error}")
        say.print(f"written: {xlsx}", markup=False)


@app.command("import")
def import_sheet(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    programme: Annotated[str, typer.Option(help="For instance boarding-subsidy.")],
    period: Annotated[str, typer.Option(help="For instance 2008-spring.")],
    username: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="PASSWORD", show_envvar=False)
    ],
    url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
    accept_good: Annotated[bool, typer.Option(help="Store good rows despite bad ones.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen; store nothing.")] = False,
) -> None:
    """Hands in a sheet through the service's own door and shows what became of it."""
    form = {
        "kind": "applications",
        "programme": programme,
        "period": period,
        "dry_run": str(dry_run).lower(),
        "on_error": "accept_good" if accept_good else "reject",
    }
    with _logged_in(url, username, password) as door:
        with file.open("rb") as sheet:
            job = _answer(door.post("/imports", data=form, files={"file": (file.name, sheet)}))
        job = _watch(door, job)
        _show_faults(door, job)
    for outcome, count in sorted(job["counts"].items()):
        typer.echo(f"{outcome:>16}  {count}")
    typer.echo(f"{'state':>16}  {job['state']}")
    if job["state"] != "done":
        stop(f"nothing was stored: {(job['problem'] or {}).get('en', job['state'])}")


@registers.command("load")
def load_register(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    kind: Annotated[str, typer.Option(help="For instance minimum_living or deceased.")],
    issued_by: Annotated[str, typer.Option(help="The office whose list it is.")],
    as_of: Annotated[str, typer.Option(help="The day the list is of, as 2008-06-30.")],
    username: Annotated[str, typer.Option(prompt=True)],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="PASSWORD", show_envvar=False)
    ],
    basis_said: Annotated[str, typer.Option(help="The law or document that orders it.")] = "",
    signed_only: Annotated[bool, typer.Option(help="Match families who have signed.")] = False,
    url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
) -> None:
    """Hands another department's list in through the service's own door; good rows are taken."""
    basis = "authorisation" if signed_only else "duty"
    form = {"kind": kind, "issued_by": issued_by, "as_of": as_of}
    form |= {"basis": basis, "basis_said": basis_said}
    with _logged_in(url, username, password) as door:
        with file.open("rb") as sheet:
            job = _answer(door.post("/registers", data=form, files={"file": (file.name, sheet)}))
        job = _watch(door, job, path="registers")
    for code, count in sorted(job["refusals"].items()):
        typer.echo(f"{code:>16}  {count}")
    for name in ("rows_kept", "rows_refused", "matched", "state"):
        typer.echo(f"{name:>16}  {job[name]}")
    if job["state"] != "done":
        stop(f"nothing was stored: {(job['problem'] or {}).get('en', job['state'])}")


@contextmanager
def _logged_in(url: str, username: str, password: str) -> Iterator[httpx.Client]:
    """The service's door with a person's token."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=UPLOAD_TIMEOUT_SECONDS) as door:
        login = {"grant_type": "password", "username": username, "password": password}
        token = _answer(door.post("/token", data=login))["access_token"]
        door.headers["Authorization"] = f"Bearer {token}"
        yield door


def _show_faults(door: httpx.Client, job: dict[str, Any]) -> None:
    """The first rows that are wrong, with their place in the sheet."""
    query: dict[str, Any] = {"outcome": "error", "limit": FAULTS_SHOWN}
    for row in _answer(door.get(f"/imports/{job['id']}/rows", params=query))["items"]:
        typer.echo(f"{row['sheet']} {row['row']} {row['name']}: {row['detail']}")


def _watch(door: httpx.Client, job: dict[str, Any], *, path: str = "imports") -> dict[str, Any]:
    """Shows the progress of an import or a list until it is over."""
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=say)
    with bar:
        line = bar.add_task("rows", total=None)
        while True:
            bar.update(line, total=job["rows_total"] or None, completed=job["rows_done"])
            if job["state"] in OVER:
                return job
            time.sleep(POLL_SECONDS)
            job = _answer(door.get(f"/{path}/{job['id']}"))


def _answer(reply: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = reply.json()
    if reply.is_error:
        stop(body.get("detail", reply.text))
    return body


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="End after the trail instead of serving on.")] = False,
    pupils: Annotated[int, typer.Option(min=8, max=2000, help="Pupils a rural school.")] = 90,
) -> None:
    """Makes a small city and takes it from the schools' sheets to a reconciled payout."""
    os.environ.setdefault("AID_MODE", "demo")
    os.environ.setdefault("AID_DATA_DIR", "var/demo")
    try:
        serving.run(known(), Console(), pupils_each=pupils, once=once)
    except (serving.DemoCannotStart, DoorRefused, TrailBroken) as wrong:
        stop(wrong)


if __name__ == "__main__":
    app()
