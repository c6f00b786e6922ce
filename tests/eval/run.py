#!/usr/bin/env python3
"""How well does it find, and does it know what it does not know? Measured through HTTP.

    tests/eval/run.py --bin target/release/clonememoria --data FOLDER

Starts the server on an empty directory, makes a clone for every folder at or below --data that
has corpus.jsonl and queries.jsonl, loads it by the batch call, waits until everything is indexed,
asks every question once a mode, and scores what comes back. Then it asks the clones themselves,
with the built-in provider: questions they can answer, questions of another clone's folder, and
questions with a false premise (adversarial.jsonl); and clones of a handful of memories. The format and the meaning of every figure are
in docs/quality.md. Exits with 1 when a --require is missed or hybrid search is below words alone.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import corpora
import scoring
import small
from appliance import Appliance

MODES = ("hybrid", "text", "vector")
BATCH = 1000


def main():
    asked = arguments()
    modes = MODES if asked.mode == "all" else (asked.mode,)
    try:
        found = corpora.load(asked.data)
    except corpora.BadData as error:
        sys.exit(str(error))
    with Appliance(asked.bin) as server, ThreadPoolExecutor(asked.workers) as workers:
        clones = load(server, found)
        runs = {mode: search_all(server, workers, clones, mode, asked.limit) for mode in modes}
        honesty = []
        if asked.sample:
            honesty = ask_clones(server, workers, clones, asked.sample)
            honesty += small.ask_small_clones(server, workers, found, asked.sample)
    scores = {mode: scoring.score(found, run) for mode, run in runs.items()}
    show(scores, "The first ten of a search", "recall@10")
    for mode in modes:
        details(mode, scores[mode])
    if honesty:
        show_honesty(honesty)
    if asked.out:
        write(Path(asked.out), runs, scores, honesty)
    failures = missed(asked.require, scores[modes[0]]) + below_words(scores)
    for failure in failures:
        print("FAIL", failure)
    sys.exit(1 if failures else 0)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the program to evaluate")
    parser.add_argument("--data", required=True, help="the folder with the questions")
    parser.add_argument("--mode", choices=(*MODES, "all"), default="all")
    parser.add_argument("--limit", type=int, default=20, help="hits a question, 20 or more")
    parser.add_argument("--sample", type=int, default=40, metavar="N",
                        help="questions of a folder to ask the clone itself; 0 leaves this out")
    parser.add_argument("--workers", type=int, default=4, help="questions at the same time")
    parser.add_argument("--out", metavar="DIR", help="write the runs and the figures here")
    parser.add_argument("--require", action="append", default=[], metavar="DATASET:METRIC=MIN",
                        type=requirement, help="of the first mode; may be repeated")
    return parser.parse_args()


def requirement(text):
    try:
        key, least = text.rsplit("=", 1)
        dataset, metric = key.split(":", 1)
        return dataset, scoring.METRICS[scoring.METRICS.index(metric)], float(least)
    except ValueError as error:
        known = ", ".join(scoring.METRICS)
        raise argparse.ArgumentTypeError(f"want DATASET:METRIC=MIN, a metric of {known}") from error


# Loading and asking


def load(server, found):
    """A clone a corpus, loaded and indexed."""
    start, clones = time.monotonic(), []
    for corpus in found:
        name = f"Evaluation {corpus.name}"
        clone = server.post("/clones", {"name": name, "subject": "fictional"})["id"]
        for at in range(0, len(corpus.memories), BATCH):
            part = corpus.memories[at:at + BATCH]
            done = server.post(f"/clones/{clone}/memories/batch", {"memories": part})
            if done["failed"] or done["created"] != len(part):
                sys.exit(f"{corpus.name}: not everything was taken: {done}")
        clones.append((corpus, clone))
    took = time.monotonic() - start
    count = sum(len(corpus.memories) for corpus in found)
    server.wait_until_indexed()
    print(f"{count} memories in {len(found)} clones: acknowledged after {took:.1f} s, "
          f"indexed after {time.monotonic() - start:.1f} s\n")
    return clones


def search_all(server, workers, clones, mode, limit):
    """`{question: ids found}`"""
    def search(asked):
        clone, question = asked
        found = server.get(f"/clones/{clone}/search", q=question.text, limit=limit, mode=mode)
        if found.get("degraded"):
            sys.exit("the search says that it is degraded")
        return question.id, [hit["external_id"] for hit in found["hits"]]

    everything = [(clone, question) for corpus, clone in clones for question in corpus.questions]
    return dict(workers.map(search, everything))


def ask_clones(server, workers, clones, sample):
    """`[(dataset, which questions, how many, answered, with the evidence)]`, shares."""
    names = {}
    for _, clone in clones:
        names.update(external_ids(server, clone))

    def ask(asked):
        clone, question = asked
        answer = server.post(f"/clones/{clone}/chat", {"content": question.text})["message"]
        return [names.get(citation["id"]) for citation in answer["citations"]], question

    groups = {}
    for corpus, clone in clones:
        questions = spread(corpus.questions, sample)
        groups.setdefault((corpus.dataset, "own"), []).extend((clone, q) for q in questions)
        other = stranger(clones, corpus)
        if other:
            groups.setdefault((corpus.dataset, "another's"), []).extend(
                (other, q) for q in questions)
        false = spread(corpus.adversarial, sample)
        if false:
            groups.setdefault((corpus.dataset, "false premise"), []).extend(
                (clone, q) for q in false)
    lines = []
    for (dataset, kind), asked in groups.items():
        answers = list(workers.map(ask, asked))
        answered = sum(bool(cited) for cited, _ in answers) / len(answers)
        evident = sum(bool(question.relevant & set(cited)) for cited, question in answers)
        lines.append((dataset, kind, len(answers), answered, evident / len(answers)))
    return lines


def external_ids(server, clone):
    """`{id of a memory: its external id}`"""
    names, cursor = {}, None
    while True:
        page = server.get(f"/clones/{clone}/memories", limit=200, cursor=cursor)
        names.update((memory["id"], memory["external_id"]) for memory in page["items"])
        cursor = page["next_cursor"]
        if not cursor:
            return names


def spread(questions, count):
    """So many, evenly spread, the same ones every time."""
    step = max(1, len(questions) / count)
    return [questions[int(i * step)] for i in range(min(count, len(questions)))]


def stranger(clones, corpus):
    """A clone that knows nothing of a corpus: the next of the same dataset. A dataset of one
    clone has none: another dataset may tell of the same things."""
    same = [(other, clone) for other, clone in clones if other.dataset == corpus.dataset]
    at = next(i for i, (other, _) in enumerate(same) if other is corpus)
    return same[(at + 1) % len(same)][1] if len(same) > 1 else None


# Showing and judging


def show(scores, title, metric):
    print(f"{title}: {metric}\n")
    datasets = sorted({dataset for score in scores.values() for dataset, _ in score})
    rows = []
    for dataset in datasets:
        count = next(score[dataset, None][0] for score in scores.values())
        rows.append([dataset, str(count)]
                    + [f"{score[dataset, None][1][metric]:.4f}" for score in scores.values()])
    table(["dataset", "questions", *scores], rows)


def details(mode, score):
    print(f"Everything, {mode}\n")
    rows = []
    for dataset, category in sorted(score, key=lambda key: (key[0], key[1] or "")):
        of_one = {other for data, other in score if data == dataset}
        if category and len(of_one) == 2:
            continue
        count, figures = score[dataset, category]
        rows.append([f"  {category}" if category else dataset, str(count)]
                    + [f"{figures[metric]:.4f}" for metric in scoring.METRICS])
    table(["dataset", "questions", *scoring.METRICS], rows)


def show_honesty(lines):
    print("Asking the clone, built-in provider\n")
    rows = [[dataset, kind, str(count), f"{answered:.3f}", f"{1 - answered:.3f}", f"{evident:.3f}"]
            for dataset, kind, count, answered, evident in lines]
    table(["dataset", "questions", "asked", "answers", "says it has none", "cites the evidence"],
          rows, words=2)


def table(head, rows, words=1):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [cell.ljust(width) if i < words else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
    print()


def write(out, runs, scores, honesty):
    out.mkdir(parents=True, exist_ok=True)
    for mode, run in runs.items():
        with open(out / f"run-{mode}.jsonl", "w", encoding="utf-8") as file:
            for question, results in run.items():
                file.write(json.dumps({"query_id": question, "results": results}) + "\n")
    figures = {
        "search": {mode: {f"{dataset}/{category or 'all'}": {"questions": count, **means}
                          for (dataset, category), (count, means) in score.items()}
                   for mode, score in scores.items()},
        "answers": [dict(zip(("dataset", "questions", "asked", "answered", "evidence"), line))
                    for line in honesty],
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")


def missed(required, score):
    failures = []
    for dataset, metric, least in required:
        if (dataset, None) not in score:
            failures.append(f"{dataset}: there is no such dataset")
            continue
        got = score[dataset, None][1][metric]
        if got < least - 1e-9:
            failures.append(f"{dataset} {metric} {got:.4f} (at least {least:.4f})")
    return failures


def below_words(scores):
    if "hybrid" not in scores or "text" not in scores:
        return []
    metric = "recall@10"
    return [f"{dataset} {metric}: hybrid {figures[metric]:.4f} is below words alone, "
            f"{scores['text'][dataset, None][1][metric]:.4f}"
            for (dataset, category), (_, figures) in scores["hybrid"].items()
            if category is None
            and figures[metric] < scores["text"][dataset, None][1][metric] - 1e-9]


if __name__ == "__main__":
    main()
