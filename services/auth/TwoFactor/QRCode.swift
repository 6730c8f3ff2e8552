import CQREncode

/// A text as a picture that a telephone reads.
struct QRCode: Sendable {
    /// libqrencode could not encode the text.
    struct Failure: Error {}

    /// How many modules its side has.
    let width: Int
    private let isDark: [Bool]

    /// - Throws: ``Failure`` for a text that is empty or too long (about 2,300 bytes).
    init(_ text: String) throws(Failure) {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else { throw Failure() }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        // The lowest bit of a module tells its colour.
        isDark = (0..<width * width).map { code.pointee.data[$0] & 1 == 1 }
    }

    /// A module of the picture, from its upper left corner.
    func isDark(row: Int, column: Int) -> Bool { isDark[row * width + column] }

    /// The picture, with the white margin of four modules that readers need.
    var svg: String {
        let side = width + 8
        var path = ""
        for row in 0..<width {
            for column in 0..<width where isDark(row: row, column: column) {
                path += "M\(column + 4) \(row + 4)h1v1h-1z"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path)"/></svg>
            """
    }
}
