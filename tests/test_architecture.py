"""The promises of the layout, kept by the machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.cli import COMMANDS, cli
from admin.cli.settings import markdown
from campaigns.access import PERSONAL, ROLES
from campaigns.delivery.states import MESSAGE_STATES, TRANSITIONS, CampaignState, MessageState, Step
from campaigns.gateways.registry import adapters
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("config", "campaigns", "workers", "admin")


def modules() -> Iterator[Path]:
    for package in (*PACKAGES, "benchmarks"):
        yield from sorted((ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_layers_point_one_way() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout[-3000:]


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_every_module_opens_with_one_line_that_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "no docstring"
    first = docstring.split("\n", 1)[0]
    assert 10 <= len(first) <= 120, first
    assert first.endswith((".", ":", "?", "!")), first


def test_settings_document_is_made_from_the_settings() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == markdown(), "run: make docs"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        name_of(path) for path in modules()
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8")) and path.parts[-2] != "benchmarks"
    ]  # fmt: skip
    assert readers == [
        # Where the system keeps sockets (XDG_RUNTIME_DIR) is no setting of ours.
        "config/embedded/places.py",
        "config/settings.py",
        # Hands the environment on to a child.
        "admin/cli/programs.py",
    ]


def test_every_adapter_is_documented() -> None:
    described = (ROOT / "docs" / "adding-a-gateway.md").read_text(encoding="utf-8")
    assert adapters()
    assert [name for name in adapters() if not re.search(rf"\b{name}\b", described)] == []


def test_every_command_in_the_list_can_be_loaded() -> None:
    context = cli.make_context("loa", ["--help"], resilient_parsing=True)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help, f"{name} says nothing about itself"


def test_every_step_of_a_campaign_is_in_the_table_of_transitions() -> None:
    assert set(TRANSITIONS) == set(CampaignState)
    assert {step for steps in TRANSITIONS.values() for step in steps} == set(Step)


def test_every_campaign_state_can_be_reached_from_a_draft() -> None:
    reached = {CampaignState.DRAFT}
    while True:
        following = {after for state in reached for after in TRANSITIONS[state].values()} | reached
        if following == reached:
            break
        reached = following
    assert reached == set(CampaignState)


def test_every_message_state_is_shown_to_people() -> None:
    assert set(MESSAGE_STATES) == set(MessageState)


def test_every_permission_that_is_asked_for_belongs_to_a_role_or_to_persons() -> None:
    held = frozenset().union(*ROLES.values(), PERSONAL)
    asked = {
        permission
        for path in modules()
        for permission in re.findall(r"\.(?:require|may)\(\"([a-z.]+)\"\)", path.read_text(encoding="utf-8"))
    }
    assert asked
    assert asked - held == set()


def test_every_dependency_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE))
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=!~]", line, maxsplit=1)[0].lower() for line in wanted}
    assert names - locked == set()


def test_every_task_and_every_queue_has_a_worker() -> None:
    code = """
import json, workers.tasks
from workers.app import app
routes = {name: app.amqp.router.route({}, name)["queue"].name for name in app.tasks if name.startswith("loa.")}
print(json.dumps({
    "routes": routes,
    "consumed": [queue.name for queue in app.conf.task_queues],
    "beat": [entry["task"] for entry in app.conf.beat_schedule.values()],
    "options": [entry.get("options", {}).get("queue") for entry in app.conf.beat_schedule.values()],
}))
"""
    environment = {"LOA_DATABASE_URL": "postgresql://a@127.0.0.1:1/b", "LOA_REDIS_URL": "redis://127.0.0.1:1"}
    with tempfile.TemporaryDirectory() as home:
        told = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**environment, "LOA_HOME": home},
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(told.stdout)
    assert found["routes"]
    assert set(found["routes"].values()) <= set(found["consumed"])
    assert set(found["options"]) <= {*found["consumed"], None}
    assert set(found["beat"]) <= set(found["routes"])


def test_no_file_of_the_domain_grows_past_reading() -> None:
    long = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > 500 and "migrations/versions" not in name} == {}
