"""The named bounds of a mail: how much of it is ever looked at.

Each number is a border that a test stands on, at it and one past it. What lies beyond a border
is cut or left unread and noted as a defect; the raw mail is kept whole. The reasons are in the
comments: a bound without a reason is a guess.
"""

from __future__ import annotations

from typing import Final

# The header of one part. Real mail stays far below 100 kB (Postfix cuts at 102,400 bytes).
HEADER_BYTES_MAX: Final = 256 * 1024
FIELD_BYTES_MAX: Final = 16 * 1024  # unfolded; longer fields are read from a truncated copy
FIELDS_MAX: Final = 1000
FIELD_NAME_BYTES_MAX: Final = 76
FIELD_SHOWN_CHARS_MAX: Final = 4096  # one value in ``ParsedMail.headers``
FIELDS_SHOWN_MAX: Final = 200
# The stdlib reads parameters in quadratic time; what it is shown stays below this.
STDLIB_FIELD_BYTES_MAX: Final = 2048

FROM_BYTES_MAX: Final = 1000
ADDRESSES_PER_FIELD_MAX: Final = 100
ADDRESSES_MAX: Final = 200
ENCODED_WORDS_MAX: Final = 1000

ID_CHARS_MAX: Final = 250
IDS_SCANNED_MAX: Final = 200
REFERENCES_MAX: Final = 20
IN_REPLY_TO_MAX: Final = 5

SUBJECT_CHARS_MAX: Final = 998  # RFC 5322 section 2.1.1, decoded
NAME_CHARS_MAX: Final = 254  # a display name, a shown address
FILENAME_BYTES_MAX: Final = 120
DEFECTS_MAX: Final = 50

# Proof of origin (security section 2.3).
SIGNATURES_TRIED_MAX: Final = 5
STAMPS_MAX: Final = 20
STAMP_CHARS_MAX: Final = 8 * 1024
SIGNATURE_BYTES_MAX: Final = 8 * 1024  # one DKIM-Signature field
SIGNED_FIELDS_MAX: Final = 200  # names in its h=
KEY_RECORD_BYTES_MAX: Final = 4 * 1024  # a key of 8192 bits takes 1.4 kB
RSA_BITS_MIN: Final = 1024  # RFC 8301
RSA_BITS_MAX: Final = 8192  # checking a longer one costs its owner nothing and us a second

# Structure.
MIME_DEPTH_MAX: Final = 20
# Scanners and shops send hundreds of small files in one mail; a part costs 50 microseconds.
PARTS_MAX: Final = 1000
BOUNDARY_BYTES_MAX: Final = 200  # RFC 2046 says 70; real mail is longer
PARAMETERS_MAX: Final = 64
RFC2231_SEGMENTS_MAX: Final = 50
MESSAGE_NESTING_MAX: Final = 5  # mails in mails that are opened for the meaning of a report
ATTACHMENTS_MAX: Final = 500

# Content.
DECODED_BYTES_MAX: Final = 64 * 1024 * 1024
TEXT_BYTES_MAX: Final = 1024 * 1024
SHALLOW_TEXT_BYTES_MAX: Final = 64 * 1024
STDLIB_TEXT_BYTES_MAX: Final = 256 * 1024
NESTED_BYTES_MAX: Final = 256 * 1024
DETECTOR_BYTES_MAX: Final = 4096
HTML_CHARS_MAX: Final = 512 * 1024  # of bytes too, before they are decoded
HTML_DEPTH_MAX: Final = 256  # libxml2 drops what lies deeper, without a word
HTML_TAGS_MAX: Final = 20_000
BASE64_PIECES_MAX: Final = 10_000  # some programs encode each line by itself
CALENDAR_LINES_MAX: Final = 500
UUENCODED_FILES_MAX: Final = 20
TNEF_FILES_MAX: Final = 50

# Up to this size a harmless mail is read in the calling thread: a few milliseconds.
INLINE_BYTES_MAX: Final = 64 * 1024
INLINE_PARTS_MAX: Final = 12
INLINE_TAGS_MAX: Final = 1500
# Lines that begin like a boundary and are none: past this somebody is playing.
FALSE_BOUNDARIES_MAX: Final = 20_000
SNIFFED_BYTES_MAX: Final = 16 * 1024  # how far a missing boundary is looked for
INLINE_HIDDEN_BYTES_MAX: Final = 8 * 1024
