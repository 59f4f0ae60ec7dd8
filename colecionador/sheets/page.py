"""A sheet as one HTML file that needs nothing else: styles and thumbnails are inside."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib.resources import files
from string import Template

from colecionador.domain.sizes import bytes_text
from colecionador.sheets.contents import Picture, Section, Sheet
from colecionador.sheets.words import measures, short_scores


def html_page(sheet: Sheet) -> str:
    """The whole page."""
    template = Template((files("colecionador.sheets") / "page.html").read_text(encoding="utf-8"))
    sections = "\n".join(_section(section) for section in sheet.sections)
    return template.substitute(title=escape(sheet.title), sections=sections)


def _section(section: Section) -> str:
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in section.facts
    )
    cards = "\n".join(_card(one) for one in section.variations)
    count = sum(one.thumbnail is not None for one in section.variations)
    left_out = len(section.variations) - count
    counts = f"{count} variations" + (f", {left_out} skipped" if left_out else "")
    return f"""<section>
<header>
<figure class="original">{_image(section.original)}</figure>
<div>
<h2>{escape(section.title)}</h2>
{_verdict(section)}
<dl class="facts">{_facts(section.original)}{facts}</dl>
{_measures(section)}
</div>
</header>
<h3>{counts}</h3>
<div class="grid">
{cards}
</div>
</section>"""


def _verdict(section: Section) -> str:
    if section.original.scores is None:
        return f'<p class="badge bad">{escape(section.original.problem)}</p>'
    if not section.findings:
        return '<p class="badge good">good quality</p>'
    reasons = "".join(f"<li>{escape(finding)}</li>" for finding in section.findings)
    return (
        '<p class="badge bad">low quality: base variations only</p>'
        f'<ul class="reasons">{reasons}</ul>'
    )


def _measures(section: Section) -> str:
    if section.original.scores is None:
        return ""
    rows = "".join(
        f'<tr class="{_class(one.is_good)}"><th>{escape(one.name)}</th>'
        f"<td>{one.text}</td><td>{one.sign} {one.limit:g}</td></tr>"
        for one in measures(section.original.scores, section.limits)
    )
    return f'<table class="measures"><tr><th></th><td>score</td><td>limit</td></tr>{rows}</table>'


def _class(is_good: bool) -> str:
    return "within" if is_good else "beyond"


def _facts(picture: Picture) -> str:
    if not picture.bytes:
        return ""
    size = f"{picture.width} × {picture.height}, {bytes_text(picture.bytes)}"
    return f"<dt>size</dt><dd>{size}</dd><dt>MD5</dt><dd><code>{picture.md5}</code></dd>"


def _card(picture: Picture) -> str:
    scores = f"<p>{short_scores(picture.scores)}</p>" if picture.scores else ""
    problem = f'<p class="problem">{escape(picture.problem)}</p>' if picture.problem else ""
    size = ""
    if picture.bytes:
        size = (
            f"<p>{picture.width} × {picture.height}, {bytes_text(picture.bytes)}</p>"
            f"<p><code>{picture.md5}</code></p>"
        )
    note = f'<p class="note">{escape(picture.note)}</p>' if picture.note else ""
    return f"""<article>
<figure>{_image(picture)}</figure>
<h4>{escape(picture.name)}</h4>
{note}{problem}{size}{scores}
</article>"""


def _image(picture: Picture) -> str:
    if picture.thumbnail is None:
        return '<span class="missing">no picture</span>'
    data = b64encode(picture.thumbnail.jpeg).decode()
    return f'<img alt="{escape(picture.name)}" src="data:image/jpeg;base64,{data}">'
