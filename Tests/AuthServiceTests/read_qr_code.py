"""Reads the picture in an SVG file, and prints the text of the one QR code in it."""

import io
import pathlib
import sys

import PIL.Image
import resvg_py
import zxingcpp

pixels = resvg_py.svg_to_bytes(svg_string=pathlib.Path(sys.argv[1]).read_text(), width=600, height=600)
image = PIL.Image.open(io.BytesIO(bytes(pixels))).convert("L")
(code,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
print(code.text)
