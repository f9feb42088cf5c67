"""What is deployed: the systemd unit, the image, the compose file, and the bill of materials.

No container engine and no running systemd is needed: the unit is judged by ``systemd-analyze``
and its filter of system calls by a traced session of the bot; the compose file by the published
schema of its format; the image by its text.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.settings import HealthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "steward.service"
BINARY = "/opt/steward/.venv/bin/steward"
LIMIT_OF_EXPOSURE = 1.0
ROOT_ONLY = {"chown", "fchown"}
"""SQLite hands a new file over to the owner of the database when it runs as root; here it may."""
HINTS = {"mbind"}
"""A hint of the linear algebra library on where memory lies; refused, nothing else happens."""


def lines(path: Path) -> list[str]:
    """Lines of a file without its comments, continued ones joined."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def unit(key: str) -> list[str]:
    """Values of one key of the unit, in order."""
    return [
        value for name, _, value in (line.partition("=") for line in lines(UNIT)) if name == key
    ]


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep what it says."""
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_COLORS": "0"} | environment,
    )


@pytest.fixture
def analyze(require_program: Callable[[str], str]) -> str:
    return require_program("systemd-analyze")


def test_systemd_finds_no_fault_in_the_unit(analyze: str, tmp_path: Path) -> None:
    installed = tmp_path / "steward.service"
    text = UNIT.read_text(encoding="utf-8")
    installed.write_text(text.replace(BINARY, sys.executable), encoding="utf-8")

    done = run(analyze, "verify", installed)

    assert BINARY in text
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_unit_exposes_next_to_nothing(analyze: str) -> None:
    done = run(analyze, "security", "--offline=true", "--no-pager", UNIT)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)

    assert exposure, done.stderr
    assert float(exposure[1]) <= LIMIT_OF_EXPOSURE


def test_the_unit_allows_every_system_call_of_a_session(
    analyze: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    trace, out = tmp_path / "trace", tmp_path / "demo"
    steward = (sys.executable, "-m", "bot.cli", "demo", "--sessions", "1", "--out", out)
    done = run(require_program("strace"), "-f", "-qq", "-o", trace, *steward)
    called = set(re.findall(r"(?m)^\d+ +(\w+)\(", trace.read_text(errors="replace")))

    assert done.returncode == 0, done.stderr
    assert "epoll_wait" in called
    assert called - allowed(analyze) - ROOT_ONLY - HINTS == set()


def allowed(analyze: str) -> set[str]:
    """System calls that the unit's filter lets through, its groups expanded."""
    names: set[str] = set()
    for value in unit("SystemCallFilter"):
        group = {
            name for word in value.removeprefix("~").split() for name in members(analyze, word)
        }
        names = names - group if value.startswith("~") else names | group
    return names


@cache
def members(analyze: str, group: str) -> frozenset[str]:
    """System calls of a group such as ``@network-io``; groups within it are expanded."""
    listed = run(analyze, "syscall-filter", "--no-pager", group).stdout.splitlines()[1:]
    words = [word for word in map(str.strip, listed) if word and not word.startswith("#")]
    return frozenset(
        name
        for word in words
        for name in (members(analyze, word) if word.startswith("@") else (word,))
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ReadWritePaths", "/var/lib/steward"),
        ("IPAddressDeny", "any"),
        ("IPAddressAllow", "localhost"),
        ("SocketBindDeny", "any"),
        ("UMask", "0077"),
        ("Restart", "on-failure"),
        ("StartLimitIntervalSec", "0"),
        ("User", "steward"),
    ],
)
def test_the_unit_is_hardened(key: str, value: str) -> None:
    assert unit(key) == [value]


def test_the_unit_is_bounded() -> None:
    assert all(unit(key) for key in ("MemoryMax", "TasksMax", "TimeoutStartSec", "TimeoutStopSec"))


def test_the_watchdog_outlasts_several_heartbeats() -> None:
    (patience,) = unit("WatchdogSec")

    assert int(patience) >= 5 * HealthSettings().heartbeat_seconds


def test_the_unit_stays_down_for_faults_that_only_a_person_can_mend() -> None:
    from bot.command_line import EXIT_CONFIG, EXIT_LIVE_ACCOUNT  # noqa: PLC0415 - slow typer

    (codes,) = unit("RestartPreventExitStatus")

    assert codes.split() == [str(EXIT_CONFIG), str(EXIT_LIVE_ACCOUNT)]


def instructions(name: str) -> list[str]:
    """Arguments of one kind of instruction of the Dockerfile, in order."""
    found = (line.strip().partition(" ") for line in lines(DEPLOY / "Dockerfile"))
    return [rest.strip() for word, _, rest in found if word == name]


def test_the_image_is_built_on_one_pinned_base_in_two_stages() -> None:
    first, second = instructions("FROM")

    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64} AS build", first)
    assert f"{second} AS build" == first


def test_the_image_runs_a_python_that_is_supported() -> None:
    (version,) = set(re.findall(r"python:(3\.\d+)\.", " ".join(instructions("FROM"))))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["requires-python"] == ">=3.11,<3.14"
    assert version in {"3.11", "3.12", "3.13"}


def test_the_image_takes_every_package_from_the_lock_by_hash() -> None:
    installs = [text for text in instructions("RUN") if "pip install" in text]

    assert "deploy/runtime.lock ./" in instructions("COPY")
    assert ["--require-hashes" in text or "--no-deps" in text for text in installs] == [True, True]


def test_the_image_does_not_run_as_root() -> None:
    user = instructions("USER")[-1]

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


def test_the_image_is_unwell_when_the_bot_says_so() -> None:
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])

    assert command == ["steward", "status", "--check", "--project", "/project"]


def test_no_secret_is_built_into_the_image() -> None:
    text = "\n".join(lines(DEPLOY / "Dockerfile"))

    assert re.findall(r"(?i)passw|secret|token|TWS_|\bDU\d|\.env\b", text) == []


def test_only_what_is_named_enters_the_build() -> None:
    entries = lines(ROOT / ".dockerignore")
    let_in = {entry.removeprefix("!") for entry in entries if entry.startswith("!")}
    copied = {word for text in instructions("COPY") for word in text.split()[:-1]}

    assert entries[0] == "*"
    assert let_in == {word for word in copied if not word.startswith(("-", "/"))}


@pytest.fixture(scope="module")
def supply() -> str:
    python = ROOT / ".venv-supply" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{python} is missing: run 'make setup' to make it", pytrace=False)
    return str(python)


@pytest.fixture(scope="module")
def compose(supply: str) -> dict[str, Any]:
    code = (
        "import json, sys\n"
        "from ruamel.yaml import YAML\n"
        "json.dump(YAML(typ='safe').load(open(sys.argv[1])), sys.stdout)"
    )
    done = run(supply, "-c", code, DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


@pytest.mark.clients
def test_the_compose_file_keeps_to_the_published_schema(supply: str) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = run(supply, "-m", "check_jsonschema", *schema, DEPLOY / "compose.yaml")

    assert done.returncode == 0, done.stdout


@pytest.mark.clients
def test_the_gateway_is_pinned_and_in_paper_mode(compose: dict[str, Any]) -> None:
    gateway = compose["services"]["ib-gateway"]
    settings = gateway["environment"]

    assert re.fullmatch(r"ghcr\.io/gnzsnz/ib-gateway:10\.\d+\.\d\w", gateway["image"])
    assert (settings["TRADING_MODE"], settings["READ_ONLY_API"]) == ("paper", "no")
    assert settings["TIME_ZONE"] == settings["TZ"] == "America/New_York"


@pytest.mark.clients
def test_ports_are_published_on_the_loopback_only(compose: dict[str, Any]) -> None:
    published = {name: each.get("ports", []) for name, each in compose["services"].items()}

    assert published == {"ib-gateway": ["127.0.0.1:4002:4004"], "steward": []}


@pytest.mark.clients
def test_the_bot_reaches_the_gateway_and_nothing_else(compose: dict[str, Any]) -> None:
    assert compose["services"]["steward"]["networks"] == ["api"]
    assert compose["networks"]["api"] == {"internal": True}
    assert "api" in compose["services"]["ib-gateway"]["networks"]


@pytest.mark.clients
def test_the_container_of_the_bot_has_no_rights(compose: dict[str, Any]) -> None:
    steward = compose["services"]["steward"]

    assert (steward["read_only"], steward["cap_drop"]) == (True, ["ALL"])
    assert steward["security_opt"] == ["no-new-privileges:true"]
    assert steward["user"] == "${STEWARD_UID:-10001}:${STEWARD_GID:-10001}"


@pytest.mark.clients
def test_no_secret_is_written_in_the_compose_file(compose: dict[str, Any]) -> None:
    written = {
        key: value
        for service in compose["services"].values()
        for key, value in service.get("environment", {}).items()
        if re.search("USERID|PASSWORD|PASSPHRASE|TOKEN", key)
    }

    assert written == {}
    assert compose["services"]["ib-gateway"]["env_file"] == "gateway.env"


def test_the_example_of_secrets_holds_none() -> None:
    assert lines(DEPLOY / "gateway.env.example") == ["TWS_USERID=", "TWS_PASSWORD="]


def test_git_ignores_the_file_of_secrets() -> None:
    assert "/deploy/*.env" in lines(ROOT / ".gitignore")


@pytest.mark.clients
def test_the_bill_of_materials_lists_what_is_locked(supply: str, tmp_path: Path) -> None:
    (recipe,) = re.findall(
        r"(?m)^\t\.venv-supply/bin/python (.*cyclonedx_py.*) --output-file \S+$",
        (ROOT / "Makefile").read_text(encoding="utf-8"),
    )
    bill = tmp_path / "sbom.cdx.json"
    done = subprocess.run(
        [supply, *recipe.split(), "--output-file", bill], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(bill.read_bytes())
    locked = re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", (DEPLOY / "runtime.lock").read_text())

    assert (content["bomFormat"], content["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "vix-steward",
    )
    assert {(part["name"], part["version"]) for part in content["components"]} == set(locked)
