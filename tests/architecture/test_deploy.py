"""What the files of deploy/ say fits together, and fits the tree; no container is started here."""

import re
import tomllib

import compose_spec
import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config_schema
from fakes.paths import ROOT

DEPLOY = ROOT / "deploy"
# As Compose fills in variables: what is given for those that are unset, and something for those that must be set.
COMPOSE = re.sub(
    r"\$\{\w+:([-?])([^}]*)\}",
    lambda found: found[2] if found[1] == "-" else "given",
    (DEPLOY / "compose" / "compose.yaml").read_text(),
)
VALUES = (DEPLOY / "kubernetes" / "values.yaml").read_text()
INSTANCE = yaml.safe_load((ROOT / "dagster.yaml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def services():
    """Services of the Compose file, parsed as YAML with its merges."""
    return yaml.safe_load(COMPOSE)["services"]


def specified(text):
    """Parse by the specification; merges are YAML's, which this parser leaves to others."""
    parsed = compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text)))
    parsed.validate()
    return parsed


def test_the_compose_file_is_one():
    """It parses by the Compose specification, every reference to a volume or a config included."""
    parsed = specified(COMPOSE)
    assert set(parsed.service_names()) == {"database", "broker", "code", "webserver", "daemon", "worker"}


def test_the_specification_is_heeded():
    """The parser refuses what Docker would."""
    with pytest.raises(ValueError, match="comand"):
        specified(COMPOSE.replace("command: phoenix worker", "comand: phoenix worker"))
    with pytest.raises(ValueError, match="workspaces"):
        specified(COMPOSE.replace("source: workspace,", "source: workspaces,"))


def test_hub_and_workers_are_one_image(services):
    """Versions can't differ, and all have one environment, one data folder and one home."""
    ours = [services[name] for name in ("code", "webserver", "daemon", "worker")]
    for part in ("image", "build", "environment", "env_file", "volumes"):
        assert all(one[part] == ours[0][part] for one in ours), part


def test_workers_take_what_the_hub_hands_out(services):
    """As many runs as dagster.yaml allows at once: one more would wait for a worker until it fails."""
    assert services["worker"]["deploy"]["replicas"] == INSTANCE["concurrency"]["runs"]["max_concurrent_runs"]


def test_nothing_listens_to_the_world(services):
    """What is published is published on 127.0.0.1 unless the operator names an address."""
    ports = [port for one in services.values() for port in one.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_is_built_from_all_that_the_wheel_needs():
    """What the wheel includes by name is not kept out of the build."""
    let_in = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"]}
    assert needed | {"pyproject.toml", "requirements.lock", "LICENSE"} == let_in
    extras = set(PROJECT["project"]["optional-dependencies"])
    assert {*re.findall(r"EXTRA=(\w+)", (DEPLOY / "Dockerfile").read_text())} <= extras


def test_the_cluster_has_the_instance_of_the_tree():
    """Section by section that of dagster.yaml, but for what a cluster has more of; and Dagster accepts it."""
    theirs = yaml.safe_load(VALUES)["additionalInstanceConfig"]
    own = {name: INSTANCE[name] for name in theirs}
    assert theirs.pop("concurrency")["pools"] == own.pop("concurrency")["pools"]
    monitoring = {name: section.pop("run_monitoring") for name, section in (("theirs", theirs), ("own", own))}
    assert monitoring["theirs"] | {"start_timeout_seconds": 120} == monitoring["own"]
    assert theirs == own
    schema = resolve_to_config_type(dagster_instance_config_schema())
    assert process_config(schema, yaml.safe_load(VALUES)["additionalInstanceConfig"]).success


def test_the_chart_writes_no_section_twice():
    """Each that is given whole is one that the chart is told to leave out; YAML would take either."""
    values = yaml.safe_load(VALUES)
    for name, section in (
        ("runCoordinator", "concurrency"),
        ("runMonitoring", "run_monitoring"),
        ("runRetries", "run_retries"),
    ):
        assert values["dagsterDaemon"][name] == {"enabled": False}
        assert section in values["additionalInstanceConfig"]
    assert values["retention"]["sensor"]["purgeAfterDays"] == INSTANCE["retention"]["sensor"]["purge_after_days"]
    assert values["pythonLogs"]["managedPythonLoggers"] == INSTANCE["python_logs"]["managed_python_loggers"]


@pytest.mark.parametrize("name", ["Dockerfile", "compose/compose.yaml", "kubernetes/values.yaml"])
def test_each_file_says_what_was_not_run(name):
    """At its top."""
    assert "\n# Not run where Phoenix is developed" in (DEPLOY / name).read_text()[:600]
