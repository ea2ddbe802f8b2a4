"""``tansiq fsck``, ``doctor``, ``backup``, ``restore``, ``keys mirror``, ``upgrade``: keeping a node alive and provably whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli import keyring
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import HomeArgument, HomeOption, JsonFlag, found_home, help_for, named_path, opened_here
from tansiq.cli.showing import done, facts, moment, print_json, progress, say
from tansiq.errors import BadInput, NotFound
from tansiq.protocol.evidence_report import utc_text

__all__ = ["backup", "doctor", "fsck", "mirror", "register", "restore", "upgrade"]


def _size(octets: int) -> str:
    return f"{octets / 2**20:.1f} MiB" if octets >= 2**20 else f"{octets / 2**10:.0f} KiB"


def fsck(
    home: HomeArgument = None,
    home_option: HomeOption = None,
    first: Annotated[bool, typer.Option("--first", help=help_for("first"))] = False,
    as_json: JsonFlag = False,
) -> None:
    """Checks that everything agrees."""
    node = found_home(home_option, home)
    from tansiq.node.fsck import fsck as check

    with progress() as show:
        report = check(node, first_only=first, progress=show)
    if as_json:
        findings = [
            {"code": one.code, "values": dict(one.values), "text": one.text(LANGUAGE)} for one in report.findings
        ]
        print_json({"agency": node.agency, "clean": report.clean, "findings": findings, "counts": dict(report.counts)})
    else:
        for one in report.findings:
            say(f"✗ {one.text(LANGUAGE)}")
        facts([(told(f"node.fsck-count.{name}"), count) for name, count in report.counts.items()])
        if report.clean:
            done("cli.fsck.clean")
        else:
            done("cli.fsck.found", count=len(report.findings))
    if not report.clean:
        raise typer.Exit(1)


def doctor(home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Says what is wrong with this installation, and the cure."""
    if home is None:
        raise BadInput("cli.no-home")
    from tansiq.node.doctor import doctor as examine

    checks = examine(home)
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "state": one.state,
                    "code": one.code,
                    "values": dict(one.values),
                    "what": one.what(LANGUAGE),
                    "cure": one.cure(LANGUAGE),
                }
                for one in checks
            ]
        )
    else:
        signs = {"ok": "✓", "warn": "!", "fail": "✗"}
        for one in checks:
            say(f"{signs[one.state]} {one.title(LANGUAGE)}: {one.what(LANGUAGE)}")
            if one.state != "ok":
                say(f"    → {one.cure(LANGUAGE)}")
    if any(one.state == "fail" for one in checks):
        raise typer.Exit(1)


def backup(
    out: Annotated[Path, typer.Option("--out", metavar="PATH", parser=named_path, help=help_for("out-backup"))],
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes a backup of the main database."""
    node = found_home(home)
    from tansiq.exchange.wake import wake
    from tansiq.node.backup import backup as write

    if not out.is_dir() and not out.absolute().parent.is_dir():
        raise NotFound("cli.no-folder", folder=str(out.absolute().parent))
    context = opened_here(node)
    with progress() as show:
        made = write(node, out, context=context, progress=show)
    wake(str(node.run))
    if as_json:
        times = {"time": utc_text(made.time_ms), "rows": made.rows, "size": made.size, "digest": made.digest.hex()}
        print_json({"file": str(made.file), **times, "announced": made.announced})
        return
    done("cli.backup.made", file=str(made.file), size=_size(made.size), rows=made.rows)
    done("cli.backup.keys-apart")


def _remember_unlock(home: Path, unlock_file: Path) -> None:
    """Writes into a home that was made anew where its unlock secret is."""
    from dataclasses import replace

    from tansiq.node.home import load_home, write_configuration

    made = load_home(home)
    if not made.unlock_file:
        write_configuration(replace(made, unlock_file=str(unlock_file.absolute())))


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help=help_for("backup"))],
    keys: Annotated[Path | None, typer.Option("--keys", metavar="FILE", help=help_for("keys"))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=help_for("replace"))] = False,
    unlock_file: Annotated[
        Path | None, typer.Option("--unlock-file", metavar="FILE", help=help_for("unlock-restore"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Brings a node back."""
    from tansiq.node.home import CONFIGURATION, MOST_UNLOCK, Home, load_home
    from tansiq.node.reading import read_at_most

    if home is None:
        raise BadInput("cli.no-home")
    target: Home | Path = load_home(home) if (home / CONFIGURATION).exists() else home.resolve()
    secret = None
    if unlock_file is not None:
        try:
            secret = read_at_most(unlock_file, MOST_UNLOCK).strip()
        except OSError as error:
            raise NotFound("cli.no-file", file=str(unlock_file)) from error
    from tansiq.node.restore import restore as bring_back

    with progress() as show:
        made = bring_back(target, source, keys=keys, secret=secret, replace=replace, progress=show)
    if unlock_file is not None:
        _remember_unlock(home, unlock_file)
    if as_json:
        shown: dict[str, Any] = {
            "agency": made.agency,
            "backup": utc_text(made.backup_ms),
            "keys": utc_text(made.mirror_ms),
        }
        print_json(shown | {"rows": made.rows, "peers": list(made.peers), "erased": made.tombstones, "lost": made.lost})
        return
    done("cli.restore.done", agency=made.agency, at=moment(utc_text(made.backup_ms)), rows=made.rows)
    facts(
        [
            (told("cli.restore.peers"), ", ".join(made.peers)),
            (told("cli.restore.erased"), made.tombstones or ""),
            (told("cli.restore.lost"), made.lost or ""),
        ]
    )
    done("cli.restore.next", home=str(home))


def mirror(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="PATH", parser=named_path, help=help_for("mirror-to"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Copies the key store elsewhere."""
    node = found_home(home)
    goal = to or (Path(node.mirror) if node.mirror else None)
    if goal is None:
        raise BadInput("cli.missing-argument", name="--to", command="tansiq keys mirror")
    from tansiq.node.mirror import mirror_keys

    if not goal.is_dir() and not goal.absolute().parent.is_dir():
        raise NotFound("cli.no-folder", folder=str(goal.absolute().parent))
    context = opened_here(node)
    with progress() as show:
        made = mirror_keys(node, goal, context=context, progress=show)
    if as_json:
        print_json({"file": str(made.file), "time": utc_text(made.time_ms), "size": made.size})
        return
    done("cli.mirror.made", file=str(made.file), size=_size(made.size))


def upgrade(
    backup_to: Annotated[
        Path | None, typer.Option("--backup-to", metavar="PATH", parser=named_path, help=help_for("backup-to"))
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Brings the databases to this version."""
    node = found_home(home)
    from tansiq.node.upgrade import upgrade as bring_up

    with progress() as show:
        made = bring_up(node, backup_to=backup_to, progress=show)
    clean = made.report is None or made.report.clean
    if as_json:
        print_json(
            {"backup": str(made.backup) if made.backup else None, "migrated": list(made.migrated), "clean": clean}
        )
    elif made.migrated:
        done("cli.upgrade.done", count=len(made.migrated), file=str(made.backup))
    else:
        done("cli.upgrade.nothing")
    if not clean:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    command(app, "fsck", key="fsck", examples=["tansiq fsck /srv/tansiq", "tansiq fsck --home /srv/tansiq --json"])(
        fsck
    )
    command(app, "doctor", key="doctor", examples=["tansiq doctor --home /srv/tansiq"])(doctor)
    command(app, "backup", key="backup", examples=["tansiq backup --out /backups/es.cgi-monday.backup"])(backup)
    command(
        app,
        "restore",
        key="restore",
        examples=[
            "tansiq restore /backups/es.cgi-monday.backup --keys /media/mirror/es.cgi.keys --home /srv/tansiq \\",
            "    --unlock-file /etc/tansiq/unlock",
        ],
    )(restore)
    keys = group("keys", parent=app, examples=["tansiq keys mirror --to /media/mirror"])
    command(keys, "mirror", key="keys-mirror", examples=["tansiq keys mirror --to /media/mirror"])(mirror)
    keyring.register(keys)
    command(app, "upgrade", key="upgrade", examples=["tansiq upgrade --backup-to /backups/before-upgrade.backup"])(
        upgrade
    )
