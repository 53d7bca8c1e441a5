"""The container of an archive package: a ZIP in its plainest form, so that nothing can hide in it.

Members are stored, not compressed, one behind the other, without extra fields and comments. A package that is anything else
is refused before anything of it is read: no compressed bomb, no path out of a folder, no bytes between members.
"""

import io
import re
import zipfile
from collections.abc import Mapping

from gateway.errors import GatewayError, OverLimitError, UnreadableInputError
from signing.errors import MalformedDataError

MOST_BYTES = 512 * 1024 * 1024
MOST_MEMBERS = 20_000
MEDIA_TYPE = "application/zip"
_MOST_DIRECTORY = 4 * 1024 * 1024
"""Octets of the central directory: twice what so many of our names take, and little enough to be read at once."""
_MAGIC, _END_MAGIC, _ZIP64_MAGIC = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,7}")
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The first that ZIP can name: when the package was made is for the manifest to say."""
_ENCRYPTED = 0b1
"""Bit of a member's flags (APPNOTE 4.4.4)."""
_LOCAL_HEADER, _CENTRAL_HEADER, _END, _ZIP64_LOCATOR = 30, 46, 22, 20
"""Octets of the records of ZIP (APPNOTE 4.3.7, 4.3.12, 4.3.16, 4.3.15) without names, extra fields and comments."""


def is_archive(data: bytes) -> bool:
    """Whether a file says that it is a ZIP, whatever its name; the PDFs that a package holds do not make it one."""
    return data.startswith(_MAGIC)


def require_room(size: int, members: int) -> None:
    """OverLimitError when a package cannot hold as many bytes, or members."""
    if size > MOST_BYTES // 2 or members > MOST_MEMBERS:
        raise OverLimitError(
            "档案包过大，请按证照逐个导出。Too much for one package.",
            hint="Export licence by licence, and fetch signing requests one by one.",
        )


def pack(members: Mapping[str, bytes]) -> bytes:
    """The package of these members by name, in order of name. OverLimitError when it would be too large to be read again."""
    require_room(sum(map(len, members.values())), len(members))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(members):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name} is no name of a member")
            info = zipfile.ZipInfo(name, _MOMENT)
            info.external_attr = 0o600 << 16
            package.writestr(info, members[name])
    return target.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The members of a package by name. UnreadableInputError for what ``pack`` does not make, OverLimitError."""
    if len(data) > MOST_BYTES:
        raise OverLimitError("档案包过大。The package is too large.")
    _require_short_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            infos = package.infolist()
            _require_plain(data, infos, package.comment)
            return {info.filename: package.read(info) for info in infos}
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, OSError) as error:
        raise _refused(f"it is damaged ({error})") from error


def read_members(data: bytes) -> dict[str, bytes]:
    """``unpack`` as a job of a worker process. MalformedDataError, which the worker hands on, for all that is refused."""
    try:
        return unpack(data)
    except GatewayError as error:
        raise MalformedDataError(error.message) from error


def require_package(data: bytes) -> None:
    """As ``read_members``, for what is too large to be handed back by a worker process."""
    read_members(data)


def _require_short_directory(data: bytes) -> None:
    """Before ``zipfile`` makes an object of every entry: the directory's length stands at a known place."""
    end = data[-_END:]
    if not end.startswith(_END_MAGIC) or data[-_END - _ZIP64_LOCATOR :].startswith(_ZIP64_MAGIC):
        raise _refused("it has no plain end")
    if int.from_bytes(end[12:16], "little") > _MOST_DIRECTORY:
        raise OverLimitError("档案包的文件过多。The package has too many members.")


def _require_plain(data: bytes, infos: list[zipfile.ZipInfo], comment: bytes) -> None:
    if len(infos) > MOST_MEMBERS:
        raise OverLimitError("档案包的文件过多。The package has too many members.")
    names = [info.filename for info in infos]
    if len({name.lower() for name in names}) != len(names):
        raise _refused("two members have one name")
    end = 0
    for info in infos:
        if not _NAME.fullmatch(info.orig_filename) or info.orig_filename != info.filename:
            raise _refused("a member has a name that is none of ours")
        if info.flag_bits & _ENCRYPTED:
            raise _refused(f"{info.filename} is encrypted")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits:
            raise _refused(f"{info.filename} is compressed, or not written in one piece")
        if info.header_offset < end:
            raise _refused(f"{info.filename} overlaps another member")
        if info.extra or info.comment or info.header_offset != end:
            raise _refused("something stands between its members")
        end += _LOCAL_HEADER + len(info.filename) + info.file_size
    directory = sum(_CENTRAL_HEADER + len(name) for name in names)
    if comment or end + directory + _END != len(data):
        raise _refused("something stands before or behind its members")


def _refused(why: str) -> UnreadableInputError:
    return UnreadableInputError(
        f"不是完整的档案包。This is no whole archive package: {why}.", hint="Present it as it was exported."
    )
