"""The files that a scenario names: from its own folder, and in it unless the user allows another."""

from pathlib import Path

from pydantic import ValidationInfo

__all__ = ["named_file"]


def named_file(name: str, info: ValidationInfo) -> Path:
    """Return the path of the file that a scenario calls `name`.

    The validation's context says where that may be: "folder" is the scenario's, "allowed" holds the folders in which
    files may lie, and "typed" what the user said on the command line, which goes from the working folder to anywhere.
    Without "allowed" there is no limit: such sections are made by code, not read from files.

    Raises
    ------
    ValueError
        If the file would lie in none of them, links followed; or no file can be called so.
    """
    context = info.context or {}
    if name in context.get("typed", ()):
        return Path(name)
    path = Path(context.get("folder", ".")) / name
    if "allowed" in context:
        _check_inside(path, context["allowed"], name)
    return path


def _check_inside(path: Path, allowed: tuple[Path, ...], name: str) -> None:
    """Raise ValueError unless `path` lies in one of the folders."""
    try:
        real = path.resolve()
        inside = any(real.is_relative_to(folder.resolve()) for folder in allowed)
    except (OSError, RuntimeError) as error:  # a RuntimeError is links in a circle, up to Python 3.12
        raise ValueError(f"a file, got {name}, which leads nowhere ({error})") from error
    if not inside:
        allow = f"--allow-path {real.parent}"
        raise ValueError(f"a file in the scenario's folder, got {name}; move it there, or allow its folder: {allow}")
