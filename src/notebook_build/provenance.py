"""What a page says of its making: hashes, versions, corrections, citation; no time, no place."""

from __future__ import annotations

from typing import Any

from notebook_build import BuildError
from notebook_build.config import Project
from notebook_build.downloads import table_links
from notebook_build.fingerprint import hash_file


def page_provenance(project: Project, stage: dict[str, Any]) -> dict[str, Any]:
    """All that the block at the end of a page shows, from the record of its execution."""
    execution = stage["execution"]
    return execution | {
        "lock_name": project.lock,
        "libraries": stage["libraries"],
        "tables": table_links(project, execution["inputs"]),
        "corrections": corrections(project),
        "citation": citation(project),
    }


def corrections(project: Project) -> dict[str, Any] | None:
    """The declared list of corrections: its path, its hash and how many it holds."""
    digest = hash_file(project.root / project.corrections) if project.corrections else None
    if digest is None:
        return None
    entries = read_yaml(project, project.corrections)
    return {"path": project.corrections, "hash": digest, "count": len(entries or ())}


def citation(project: Project) -> str:
    """The reference to the project in one line; empty without a CITATION.cff.

    Raises BuildError for a file that names neither title nor authors.
    """
    if not (project.root / project.citation).is_file():
        return ""
    content = read_yaml(project, project.citation)
    try:
        authors = ", ".join(author_name(author) for author in content["authors"])
        title = content["title"]
    except (TypeError, KeyError) as error:
        raise BuildError(f"{project.citation}: expected title and authors ({error}).") from None
    parts = [f"{authors}: {title}"]
    if content.get("version"):
        parts.append(f"Version {content['version']}")
    parts += [str(content[key]) for key in ("doi", "url") if content.get(key)]
    return ". ".join(parts) + "."


def author_name(author: dict[str, str]) -> str:
    return author.get("name") or f"{author['given-names']} {author['family-names']}"


def read_yaml(project: Project, path: str) -> Any:
    # Imported here: most builds have nothing to do, and need no parser for it.
    import yaml

    try:
        return yaml.safe_load((project.root / path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BuildError(f"{path}: cannot be read ({error}).") from None
