//! What a C library offers: buffered input and output, option parsing, texts of errors.
