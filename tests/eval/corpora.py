"""Questions and the texts that answer them, as JSON Lines. The format is in docs/quality.md."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path


class BadData(Exception):
    """A file that is not what it must be."""


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    relevant: frozenset
    category: str


@dataclass
class Corpus:
    """One folder: the memories of one clone and what it is asked."""

    dataset: str
    name: str
    memories: list
    questions: list
    adversarial: list = field(default_factory=list)


def load(root):
    """Every folder at or below `root` that has corpus.jsonl and queries.jsonl."""
    root = Path(root)
    folders = sorted({path.parent for path in root.rglob("corpus.jsonl*")})
    found = [_corpus(root, folder) for folder in folders if _file(folder, "queries")]
    if not found:
        raise BadData(f"{root}: no folder with corpus.jsonl and queries.jsonl in it")
    _check(found)
    return found


def _corpus(root, folder):
    below = folder.relative_to(root).parts
    name = "/".join(below) or root.resolve().name
    memories = [_memory(line) for line in _lines(_file(folder, "corpus"))]
    return Corpus(
        dataset=name.split("/")[0],
        name=name,
        memories=memories,
        questions=_questions(_file(folder, "queries")),
        adversarial=_questions(_file(folder, "adversarial")),
    )


def _memory(line):
    """A text as the batch call takes it; a turn of a chat keeps its place in the chat."""
    meta = line.get("meta") or {}
    memory = {"external_id": line["id"], "content": line["text"], "metadata": meta}
    if meta.get("date"):
        memory["occurred_at"] = meta["date"]
    if meta.get("speaker"):
        memory["speaker"] = meta["speaker"]
        if meta.get("session") is not None:
            memory["thread"] = str(meta["session"])
        if meta.get("turn") is not None:
            memory["sequence"] = int(meta["turn"])
    return memory


def _questions(path):
    return [
        Question(line["id"], line["text"], frozenset(line.get("relevant") or ()),
                 line.get("category") or "-")
        for line in (_lines(path) if path else ())
    ]


def _file(folder, stem):
    files = (folder / f"{stem}.jsonl", folder / f"{stem}.jsonl.gz")
    return next((path for path in files if path.is_file()), None)


def _lines(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                parsed = json.loads(line)
            except ValueError as error:
                raise BadData(f"{path}:{number}: not JSON: {error}") from error
            missing = [key for key in ("id", "text") if not isinstance(parsed.get(key), str)]
            if missing:
                raise BadData(f"{path}:{number}: `{missing[0]}` is missing or no string")
            yield parsed


def _check(corpora):
    asked = set()
    for corpus in corpora:
        known = {memory["external_id"] for memory in corpus.memories}
        if len(known) != len(corpus.memories):
            raise BadData(f"{corpus.name}: two texts have the same id")
        for question in corpus.questions:
            if question.id in asked:
                raise BadData(f"{corpus.name}: two questions have the id {question.id}")
            asked.add(question.id)
            if not question.relevant:
                raise BadData(f"{corpus.name}: question {question.id} has nothing in `relevant`")
            if not question.relevant <= known:
                raise BadData(f"{corpus.name}: question {question.id} wants a text not there")
