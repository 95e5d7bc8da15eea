"""What all tables share: one metadata, and the column types that both databases speak."""

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

Instant: Final[TypeEngine[int]] = BigInteger()
Count: Final[TypeEngine[int]] = BigInteger()
Digest: Final[TypeEngine[bytes]] = LargeBinary()
Text: Final[TypeEngine[str]] = String()
Number: Final[TypeEngine[int]] = Integer()

change_feed: Final = Table(
    "change_feed",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Count, nullable=False),
)
