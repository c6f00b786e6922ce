"""Clones of a handful of memories, asked as people ask: what a family has on its first evening."""

import re
from collections import Counter

MEMORIES = 5
KINDS = ("own", "own everyday", "another's", "another's everyday")
FRAMES = ("Tell me about {}.", "What happened with {}?", "What do you remember about {}?",
          "Do you remember {}?", "Can you tell me something about {}?")


def ask_small_clones(server, workers, found, sample):
    """`[(dataset, which questions, how many, answered, with the evidence)]`, shares.

    For so many questions of every dataset a clone of the text that answers and a few others is
    asked the question, then about a word that stands in that text alone ("everyday"), and both
    are asked to a clone of as many texts of another corpus.
    """
    lines = []
    for dataset, tasks in by_dataset(found, sample).items():
        tries = workers.map(lambda task: try_one(server, *task), tasks)
        for kind, (count, answered, evident) in zip(KINDS, totals(tries)):
            if count:
                name = f"few memories, {kind}"
                lines.append((dataset, name, count, answered / count, evident / count))
    return lines


def by_dataset(found, sample):
    """`{dataset: [(number, question, rare word, relevant text, others, those of another)]}`"""
    tasks = {}
    for corpus in found:
        single = [q for q in corpus.questions if len(q.relevant) == 1]
        of_dataset = [other for other in found if other.dataset == corpus.dataset]
        place = of_dataset.index(corpus)
        other = of_dataset[(place + 1) % len(of_dataset)] if len(of_dataset) > 1 else None
        texts = {memory["external_id"]: memory for memory in corpus.memories}
        rarity = Counter(word for memory in corpus.memories for word in words(memory))
        step = max(1, len(single) // max(1, sample // len(of_dataset)))
        for number, question in enumerate(single[::step]):
            relevant = texts[next(iter(question.relevant))]
            rest = [m for m in corpus.memories if m is not relevant]
            away = several(other.memories, number) if other else []
            tasks.setdefault(corpus.dataset, []).append(
                (number, question.text, min(sorted(words(relevant)), key=rarity.get, default=None),
                 relevant, several(rest, number)[:-1], away))
    return tasks


def several(memories, number):
    """A few of them, others for every number, the same ones every time."""
    return [memories[(number * 37 + i * 101) % len(memories)] for i in range(MEMORIES)]


def words(memory):
    """Its words of four letters and more."""
    return set(re.findall(r"[^\W\d_]{4,}", memory["content"].lower()))


def try_one(server, number, question, word, relevant, others, away):
    """For each of KINDS: asked, answered, with the evidence, each 0 or 1."""
    everyday = word and FRAMES[number % len(FRAMES)].format(word)
    results = []
    for memories in ([relevant, *others], away):
        clone = memories and make(server, memories)
        for text in (question, everyday):
            if clone and text:
                answer = server.post(f"/clones/{clone}/chat", {"content": text})["message"]
                quoted = [citation["quote"] for citation in answer["citations"]]
                evident = any(quote in relevant["content"] for quote in quoted)
                results.append((1, int(bool(quoted)), int(evident)))
            else:
                results.append((0, 0, 0))
    return results


def make(server, memories):
    clone = server.post("/clones", {"name": "A few memories", "subject": "fictional"})["id"]
    unique = list({memory["external_id"]: memory for memory in memories}.values())
    server.post(f"/clones/{clone}/memories/batch", {"memories": unique})
    server.wait_until_indexed()
    return clone


def totals(results):
    """The sums over all tries, kind by kind."""
    return [tuple(map(sum, zip(*kind))) for kind in zip(*results)]
