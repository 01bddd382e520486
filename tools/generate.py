"""Write what is made from the rule language's declarations: the parser's tables, and the schema of JSON documents."""

import json
from pathlib import Path

from kohort.rules.document import rule_schema
from kohort.rules.languages import Language
from kohort.rules.tables import make_table, table_path

SCHEMA = Path(__file__).parents[1] / "docs" / "rules.schema.json"


def main() -> None:
    for language in Language:
        text = json.dumps(make_table(language), ensure_ascii=False, separators=(",", ":"))
        table_path(language).write_text(text + "\n", encoding="utf-8")
    SCHEMA.write_text(json.dumps(rule_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
