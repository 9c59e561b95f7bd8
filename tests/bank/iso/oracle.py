"""pyiso20022, an independent implementation: reads what we write, writes what we read."""

from importlib import import_module

from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_converter_warnings=True)


def document(message):
    area = message.split("_", 1)[0]
    return import_module(f"pyiso20022.{area}.{message}").Document


def read(message, data):
    return XmlParser(config=STRICT).from_bytes(data, document(message))


def write(message, text):
    """The message as the oracle writes it, from a text that it accepts."""
    found = read(message, text.encode())
    return XmlSerializer().render(found, ns_map={None: namespace(message)}).encode()


def namespace(message):
    return "urn:iso:std:iso:20022:tech:xsd:" + message.replace("_", ".")
