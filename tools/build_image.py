"""Builds the image of the Dockerfile and runs it: as its unprivileged user, on a read-only root, `init`, `serve`, one licence.

Debian's buildah builds it without a daemon and without a registry of images: where the base image cannot be pulled, one is made
with debootstrap from the mirror that this machine uses, under the name that the Dockerfile asks for. To run it, namespaces of the
kernel suffice: no engine is needed that would want cgroups of its own. Needs root.
`python tools/build_image.py` does all; words after it pick steps: base, build, run.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "localhost/licence-gateway"
TOOLS = ("buildah", "debootstrap")
USER = "10001"
STORAGE = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PORT = 18099
_SECONDS = 180


def say(step: str, started: float) -> None:
    """One line a step, with how long it took."""
    print(f"{step}: {time.perf_counter() - started:.1f} s", flush=True)


def run(*command: str, check: bool = True) -> str:
    """What a command says; what it says when it fails is shown."""
    done = subprocess.run(command, cwd=ROOT, env=os.environ | STORAGE, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        print(done.stdout[-4000:] + done.stderr[-4000:], file=sys.stderr)
        sys.exit(f"{' '.join(command[:3])} … failed")
    return done.stdout


def base_name() -> str:
    """The image that the Dockerfile begins with."""
    (name,) = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return f"docker.io/library/{name}"


def base(work: Path) -> None:
    """Make a base image unless there is one by its name: a minimal Debian with its Python."""
    name = base_name()
    if run("buildah", "images", "--quiet", name, check=False).strip():
        return
    started = time.perf_counter()
    sources = "".join(path.read_text() for path in Path("/etc/apt").rglob("*") if path.suffix in (".list", ".sources"))
    mirror = re.search(r"^(?:URIs:|deb(?: \[.*?\])?) *(\S+)", sources, re.MULTILINE)
    if mirror is None:
        sys.exit("apt names no mirror here; pull the base image instead")
    root = work / "root"
    packages = "--include=python3,python3-venv,ca-certificates"
    run("debootstrap", "--variant=minbase", packages, name.rpartition("-")[2], str(root), mirror[1])
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    container = run("buildah", "from", "scratch").strip()
    run("buildah", "copy", "--quiet", container, str(root), "/")
    run("buildah", "commit", "--quiet", container, name)
    run("buildah", "rm", container)
    say(f"base image {name}", started)


def build(work: Path) -> None:
    """Build as the Dockerfile says; pip and npm trust whom this machine trusts."""
    started = time.perf_counter()
    pip, npm = work / "pip.conf", work / "npmrc"
    pip.write_text(f"[global]\ncert = {CERTIFICATES}\n")
    npm.write_text(f"cafile={CERTIFICATES}\n")
    mounts = ((pip, "/etc/pip.conf"), (npm, "/root/.npmrc"), (CERTIFICATES.parent, CERTIFICATES.parent))
    volumes = [word for source, target in mounts for word in ("--volume", f"{source}:{target}:ro")]
    run("buildah", "bud", "--pull-never", "--layers", "--format", "docker", "--tag", IMAGE, *volumes, ".")
    size = json.loads(run("buildah", "images", "--json", IMAGE))[0]["size"]
    say(f"image {IMAGE}, {size}", started)


SHUT = """
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount --rbind /dev "$ROOT/dev"
mount --bind "$DATA" "$ROOT/data"
mount -o remount,bind,ro "$ROOT"
exec chroot "$ROOT" setpriv --reuid "$USER" --regid "$USER" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \\
  env -i "${SETTINGS[@]}" sh -c 'cd "$0" && exec "$@"' "$WORK" "$@"
"""
"""What compose.yaml asks of an engine: a root that nobody can write to, a volume, no capability, no way to new rights."""


def shut(image: Path, data: Path, config: dict[str, Any], *words: str) -> list[str]:
    """The command that runs words in the image, as its own settings say."""
    settings = " ".join(shlex.quote(each) for each in config["Env"])
    head = f"ROOT={image} DATA={data} USER={config['User']} WORK={config['WorkingDir']} SETTINGS=({settings})"
    script = f"set -e; {head}; {SHUT}"
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script, "bash", *words]


def try_out(work: Path) -> None:
    """As compose.yaml runs it: one licence is issued, and looked up at the server."""
    started = time.perf_counter()
    data, samples = work / "data", ROOT / "tests" / "vectors" / "registry"
    data.mkdir()
    first = json.loads((samples / "applications.jsonl").read_text().splitlines()[0])
    (data / "one.json").write_text(json.dumps(first))
    shutil.copy(samples / "enterprises.jsonl", data)
    for path in (data, *data.iterdir()):
        os.chown(path, int(USER), int(USER))
    container = run("buildah", "from", "--pull-never", IMAGE).strip()
    try:
        image = Path(run("buildah", "mount", container).strip())
        config = json.loads(run("buildah", "inspect", container))["OCIv1"]["config"]
        entry = config["Entrypoint"]
        run(*shut(image, data, config, *entry, "init", "--samples", "/data/enterprises.jsonl"))
        rights = run(*shut(image, data, config, "sh", "-c", "id -u; touch /app/x 2>&1; grep CapEff /proc/self/status"))
        serve = shut(image, data, config, *entry, "serve", "--bind", f"127.0.0.1:{PORT}")
        with subprocess.Popen(serve, stdout=sys.stderr) as server:
            try:
                wait_until_ready()
                issued = json.loads(run(*shut(image, data, config, *entry, "issue", "/data/one.json", "--json")))
                held = run("curl", "-sf", f"http://127.0.0.1:{PORT}/api/v1/enterprises/{first['CYRSFZJHM']}/licences")
            finally:
                # `unshare` itself takes no signal while it waits; the server is the only child that it has.
                inside = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
                os.kill(int(inside[0]), signal.SIGTERM)
    finally:
        run("buildah", "rm", container, check=False)
    user, refused, capabilities = rights.strip().splitlines()
    found = (issued["issued"], first["ZZHM"] in held, user, "Read-only" in refused, int(capabilities.split()[1], 16))
    if found != (1, True, USER, True, 0):
        sys.exit(f"the image does not do its work: {found} {rights}")
    say("init, serve, ready, one licence issued and looked up as user 10001 on a read-only root", started)


def wait_until_ready() -> None:
    """Until /readyz says 200."""
    until = time.monotonic() + _SECONDS
    while not run("curl", "-sf", f"http://127.0.0.1:{PORT}/readyz", check=False):
        if time.monotonic() > until:
            sys.exit("the image is not ready")
        time.sleep(1)


STEPS = {"base": base, "build": build, "run": try_out}


def main() -> None:
    """Exit status 1 when a step failed, 64 for one that there is not."""
    wanted = sys.argv[1:] or list(STEPS)
    if set(wanted) - set(STEPS):
        print(f"there are: {', '.join(STEPS)}", file=sys.stderr)
        sys.exit(64)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.exit(f"Run: apt-get install --no-install-recommends {' '.join(missing)}")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        work.chmod(0o755)
        for step, act in STEPS.items():
            if step in wanted:
                act(work)


if __name__ == "__main__":
    main()
