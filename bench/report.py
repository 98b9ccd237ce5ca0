# SPDX-License-Identifier: Apache-2.0
"""The table, the JSON file and the picture of bench.py."""
import json

COLORS = (("kernel", "#c0392b"), ("process", "#e0a030"), ("guest", "#3a7ab8"))
NOT_THERE = "-"
MISSED = "MISSED"


def number(value):
    if value is None:
        return NOT_THERE
    if isinstance(value, str):
        return value
    if abs(value) < 2:
        return "%.4f" % value if value not in (0, 1) else "%d" % value
    return "{:,.0f}".format(value) if abs(value - round(value)) < 0.005 or value > 10000 \
        else "{:,.2f}".format(value)


def verdict(entry):
    """Where a figure stands between "aim" and "at most"."""
    if entry["at_most"] is None:
        return ""
    if entry["figure"] <= entry["aim"]:
        return "aim"
    return "ok" if entry["figure"] <= entry["at_most"] else MISSED


def table(entries):
    """Lines of text: one per row, then what the columns are."""
    peers = any("peer" in entry for entry in entries)
    head = ("row", "figure", "max", "kernel", "process", "guest", "bare",
            *(["Xen here"] if peers else []), "at most", "aim", "Xen", "Bao", "")
    lines = [head]
    for entry in entries:
        lines.append((entry["name"], number(entry["figure"]), number(entry["max"]),
                      *(number(entry[name]) for name, _ in COLORS), number(entry["bare"]),
                      *([number(entry.get("peer"))] if peers else []),
                      number(entry["at_most"]), number(entry["aim"]), number(entry["xen"]),
                      number(entry["bao"]), verdict(entry)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] + [
        word.rjust(width) for word, width in zip(line[1:], widths[1:])]).rstrip()
        for line in lines) + "\n"


def write_json(path, document):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, sort_keys=True)
        file.write("\n")


def picture(path, entries):
    """A bar per row that is counted per operation: its breakdown, and a line at "at most"."""
    shown = [entry for entry in entries if entry["at_most"] and 2 < entry["at_most"] < 10000]
    left, width, step, top = 330, 560, 26, 46
    largest = max([entry["at_most"] for entry in shown] + [entry["figure"] for entry in shown] + [1])
    scale = width / largest
    height = top + step * len(shown) + 12
    out = ["<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
           "font-family=\"sans-serif\" font-size=\"12\">" % (left + width + 90, height),
           "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
           "<text x=\"10\" y=\"18\">Instructions per operation; the black line is the most "
           "that is allowed</text>"]
    for i, (name, color) in enumerate(COLORS):
        out.append("<rect x=\"%d\" y=\"26\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                   "<text x=\"%d\" y=\"35\">%s</text>" % (left + 90 * i, color,
                                                          left + 90 * i + 15, name))
    for i, entry in enumerate(shown):
        y = top + step * i
        x = float(left)
        out.append("<text x=\"10\" y=\"%d\">%s</text>" % (y + 13, entry["title"]))
        for name, color in COLORS:
            bar = (entry[name] or 0) * scale
            out.append("<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>"
                       % (x, y, bar, color))
            x += bar
        out.append("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#000000\" "
                   "stroke-width=\"2\"/>" % (left + entry["at_most"] * scale,
                                            left + entry["at_most"] * scale, y - 2, y + 18))
        out.append("<text x=\"%.1f\" y=\"%d\">%s</text>"
                   % (left + max(entry["figure"], entry["at_most"]) * scale + 6, y + 13,
                      number(entry["figure"])))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out + ["</svg>"]) + "\n")
