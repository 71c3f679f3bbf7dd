"""Checks of the built packages: ``python .ci/packages.py FIRST SECOND``.

Two folders, each with the wheel and the source archive of one build of the same commit.
"""

import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

SOURCES = {"pyproject.toml", "README.md", "LICENSE", "SECURITY.md", "tests/__init__.py"}


def check(first: Path, second: Path) -> None:
    """Equal to the last bit; no tests in the wheel; all there that is needed."""
    names = sorted(path.name for path in first.iterdir())
    assert len(names) == 2, names
    for name in names:
        digests = [sha256((f / name).read_bytes()).hexdigest() for f in (first, second)]
        assert digests[0] == digests[1], f"two builds of {name} differ"
        print(name, digests[0])
    (wheel,) = first.glob("*.whl")
    held = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0].partition("-")[0] for name in held}
    assert tops == {"sknnreg"}, f"the wheel holds {tops}"
    assert "sknnreg/py.typed" in held
    wrong = [name for name in held if "test" in name or name.endswith(".pyc")]
    assert not wrong, f"the wheel holds {wrong}"
    (archive,) = first.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        held = [name.partition("/")[2] for name in file.getnames()]
    assert set(held) >= SOURCES, f"the archive lacks {SOURCES - set(held)}"


if __name__ == "__main__":
    check(*map(Path, sys.argv[1:]))
