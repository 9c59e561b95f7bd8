"""Reads a message element by element, in memory that does not grow with it.

lxml parses a message with a document type quietly, whether it names a file to read or an entity
that grows a thousandfold; so a message with any declaration of the kind is refused at its first
element, and the size is bounded before.
"""

from collections.abc import Callable, Iterator
from io import BytesIO

from lxml import etree
from lxml.etree import _Element as Element

from app.bank.iso.errors import MessageBroken, MessageForbidden, MessageTooLarge
from app.core.errors import Fault

BYTES_MAX = 64 * 2**20
DEPTH_MAX = 40  # the deepest message of the four has sixteen levels
_SHOWN_CHARS = 80

Step = tuple[str, str, Element]
"""An event (`start` or `end`), the element's name without its namespace, and the element."""


def walk(data: bytes, *, namespace: str) -> Iterator[Step]:
    """Every start and end of an element, in order; the caller frees what it has read by `drop`.

    Raises MessageTooLarge, MessageForbidden, or MessageBroken, which names the line.
    """
    if len(data) > BYTES_MAX:
        raise MessageTooLarge(
            f"报文有 {len(data)} 字节，最多 {BYTES_MAX} 字节，未读取。请银行分批发送。",
            f"The message has {len(data)} bytes and may have {BYTES_MAX}; it was not read. "
            "Ask the bank to send it in parts.",
        )
    events = etree.iterparse(
        BytesIO(data),
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    expected, depth = f"{{{namespace}}}", 0
    try:
        for event, element in events:
            if not depth:
                _check_root(element, namespace)
            depth += 1 if event == "start" else -1
            if depth > DEPTH_MAX:
                raise broken(element.sourceline, "元素嵌套过深", "its elements are nested too deep")
            name = str(element.tag)
            if name.startswith(expected):
                yield event, name[len(expected) :], element
    except etree.XMLSyntaxError as error:
        said = str(error.msg or "")[:_SHOWN_CHARS]
        raise broken(
            error.lineno, f"不是完整的 XML：{said}", f"it is no whole XML: {said}"
        ) from None


def _check_root(element: Element, namespace: str) -> None:
    info = element.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        raise MessageForbidden(
            "报文含有文档类型声明（DOCTYPE），银行报文不会有，整份未接收。请核对文件来源。",
            "The message has a document type declaration, which no bank's message has; nothing "
            "of it was taken. Check where the file comes from.",
        )
    if str(element.tag) != f"{{{namespace}}}Document":
        found = str(element.tag)[:_SHOWN_CHARS]
        raise broken(
            element.sourceline,
            f"应为 {namespace} 的报文，实为 {found}",
            f"a message of {namespace} was expected, it is {found}",
        )


def drop(element: Element) -> None:
    """Frees an element that has been read, and those of its kind right before it."""
    element.clear()
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    while before is not None and before.tag == element.tag:
        parent.remove(before)
        before = element.getprevious()


def finder(namespace: str) -> Callable[[Element, str], str]:
    """Reads the text at a path such as `Amt/InstdAmt` below an element; empty where it is not."""
    prefix = f"{{{namespace}}}"

    def text_at(element: Element, path: str) -> str:
        found = element.find("/".join(prefix + step for step in path.split("/")))
        return "" if found is None else (found.text or "").strip()

    return text_at


def broken(line: int | None, zh: str, en: str) -> MessageBroken:
    """A refusal that names the line of the message and what is wrong there."""
    return MessageBroken(
        "报文有误，整份未接收。请银行重发。",
        "The message is wrong, so nothing of it was taken. Ask the bank to send it again.",
        faults=[
            Fault("message_broken", f"第 {line} 行：{zh}", f"Line {line}: {en}", f"line {line}")
        ],
    )
