"""How good a ranking is. Every figure is a mean over questions, from 0 to 1."""

import math
from collections import defaultdict

CUTS = (1, 5, 10, 20)
METRICS = tuple(f"recall@{k}" for k in CUTS) + ("mrr@10", "ndcg@10")


def measure(relevant, results):
    """The figures of one question; `results` are ids, best first, repetitions ignored."""
    ranked = list(dict.fromkeys(results))
    places = [place for place, result in enumerate(ranked, 1) if result in relevant]
    figures = {f"recall@{k}": sum(p <= k for p in places) / len(relevant) for k in CUTS}
    first = min(places, default=None)
    figures["mrr@10"] = 1 / first if first and first <= 10 else 0.0
    gain = sum(1 / math.log2(place + 1) for place in places if place <= 10)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(len(relevant), 10) + 1))
    figures["ndcg@10"] = gain / ideal
    return figures


def means(measured):
    measured = list(measured)
    return {name: sum(m[name] for m in measured) / len(measured) for name in METRICS}


def score(corpora, run):
    """`{(dataset, category or None): (number of questions, figures)}`; `run` maps the id of a
    question to its results, and a question without any counts as nothing found."""
    groups = defaultdict(list)
    for corpus in corpora:
        for question in corpus.questions:
            figures = measure(question.relevant, run.get(question.id, ()))
            groups[corpus.dataset, None].append(figures)
            groups[corpus.dataset, question.category].append(figures)
    return {group: (len(all), means(all)) for group, all in groups.items()}
