"""compose.yaml says what the compose specification knows, names settings that there are, and keeps our containers shut."""

from pathlib import Path

import pytest
import yaml

from gateway.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "licence-gateway"}
TOP = {"name", "services", "networks", "volumes", "configs", "secrets", "include"}
_WORDS = """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec
    depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file
    environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc
    isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models
    network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop
    privileged profiles provider pull_policy read_only restart runtime scale secrets security_opt shm_size
    stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode
    uts volumes volumes_from working_dir
"""
SERVICE = set(_WORDS.split())
"""Attributes of a service in the compose specification."""


def test_every_word_is_one_of_the_specification():
    assert {key for key in COMPOSE if not key.startswith("x-")} <= TOP
    assert {key for service in SERVICES.values() for key in service} - SERVICE == set()


@pytest.mark.parametrize("kind", ["networks", "volumes", "secrets"])
def test_what_services_use_is_there_and_what_is_there_is_used(kind):
    used = {str(each).partition(":")[0] for service in SERVICES.values() for each in service.get(kind, ())}
    assert used - {"default"} == set(COMPOSE[kind])


def test_dependencies_are_in_the_same_profile():
    for name, service in SERVICES.items():
        for other in service.get("depends_on", {}):
            assert SERVICES[other].get("profiles") == service.get("profiles"), name


def test_one_machine_is_the_default():
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"init", "gateway"}


@pytest.mark.parametrize("name", OURS)
def test_containers_of_ours_are_shut(name):
    service = OURS[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_settings_that_are_set_are_there():
    names = {name for service in OURS.values() for name in service.get("environment", {})} - {"PGPASSFILE"}
    assert names <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_commands_of_containers_are_commands_of_ours():
    from typer.main import get_command

    from gateway.cli import app

    known = set(get_command(app).commands)
    assert {service["command"][0] for service in OURS.values() if "command" in service} <= known
