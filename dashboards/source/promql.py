"""As much of PromQL as the dashboards need: where the selectors are, and what an alert measures."""

import re

WORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "bool", "offset", "inf", "nan",
         "group_left", "group_right"}
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|[a-zA-Z_:][\w:]*'
                   r'|\d+(?:\.\d+)?(?:[smhdwy]\b)?|<=|>=|==|!=|\$\{?\w+\}?|\S')
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
COMPARISONS = {"==", "!=", "<", ">", "<=", ">="}


def tokens(expression):
    """(text, start) of each; a selector's braces and a range are one token each."""
    return [(match[0], match.start()) for match in TOKEN.finditer(expression)]


def selectors(expression):
    """(name, matchers without braces, start, end) of each; the span covers both parts."""
    found, parts, place = [], tokens(expression), 0
    while place < len(parts):
        text, start = parts[place]
        if text in LABEL_LISTS and place + 1 < len(parts) and parts[place + 1][0] == "(":
            while parts[place][0] != ")":
                place += 1
        elif re.match(r"[a-zA-Z_:]", text) and text.lower() not in WORDS:
            following = parts[place + 1] if place + 1 < len(parts) else ("", 0)
            called = following[0] == "(" or following[0] in ("by", "without")
            if following[0].startswith("{"):
                found.append((text, following[0][1:-1], start, following[1] + len(following[0])))
                place += 1
            elif not called:
                found.append((text, "", start, start + len(text)))
        place += 1
    return found


def rewrite(expression, change):
    """The expression with each selector replaced by change(name, matchers)."""
    for name, matchers, start, end in reversed(selectors(expression)):
        expression = expression[:start] + change(name, matchers) + expression[end:]
    return expression


def expand(expression, recorded):
    """Recorded series in parentheses as what they record, so that no dashboard depends on rules."""
    return rewrite(expression, lambda name, matchers: f"({recorded[name]})" if name in recorded
                   else name + (f"{{{matchers}}}" if matchers else ""))


def one_line(expression):
    return re.sub(r"\s+", " ", expression).replace("( ", "(").replace(" )", ")").strip()


def _top_level(expression, wanted):
    """The places of these words outside all parentheses."""
    depth, places = 0, []
    for text, start in tokens(expression):
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 0 and text in wanted:
            places.append((text, start))
    return places


def _without_parentheses(expression):
    expression = expression.strip()
    while expression.startswith("(") and expression.endswith(")"):
        depth = 0
        for text, start in tokens(expression):
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0 and start < len(expression) - 1:
                return expression
        expression = expression[1:-1].strip()
    return expression


def measured(expression):
    """(left, operator, right) of the first comparison of an alert, or (expression, None, None).

    What follows `and` and `unless` guards the alert, and is no part of what is measured.
    """
    guards = _top_level(expression, {"and", "unless"})
    head = _without_parentheses(expression[:guards[0][1]] if guards else expression)
    comparisons = _top_level(head, COMPARISONS)
    if not comparisons:
        return head, None, None
    operator, start = comparisons[0]
    right = head[start + len(operator):].strip()
    right = re.sub(r"^(?:on|ignoring)\s*\([^)]*\)\s*", "", right)
    return _without_parentheses(head[:start]), operator, right


def number(text):
    """The value of a threshold written as a product of powers, as 10 * 1024^3 is; None for a series."""
    if text is None or not re.fullmatch(r"[\d.\s*^]+", text):
        return None
    product = 1.0
    for factor in text.split("*"):
        base, *exponent = (float(part) for part in factor.split("^"))
        product *= base ** (exponent[0] if exponent else 1)
    return product


def outer_labels(expression):
    """The labels of the first aggregation, or None when there is none."""
    match = re.search(r"\bby\s*\(([^)]*)\)", expression)
    return [label.strip() for label in match[1].split(",")] if match else None
