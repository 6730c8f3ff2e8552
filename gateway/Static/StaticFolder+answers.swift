import HTTPWire

extension StaticFolder {
    /// What GET and HEAD are answered.
    ///
    /// - Parameter bytes: what `head` was read from.
    func answer(_ head: RequestHead, _ bytes: Span<UInt8>) throws(Refusal) -> LocalResponse {
        let form: RequestPath.Form
        do { form = try RequestPath.check(bytes, head.path) } catch { throw Refusal(error) }
        let file: StaticFile?
        switch form {
        case .plain: file = self.file(bytes, head.path)
        case .decoded(let path): file = self.file(path.span, 0..<path.count)
        }
        guard let file else { throw .notFound }
        let packed = head.acceptsGzip(bytes) ? file.packed : nil
        if head.has(packed == nil ? file.tag : file.packedTag, bytes) {
            return packed == nil ? file.unchanged : file.packedUnchanged
        }
        if head.method == .get, let value = head.value(of: Self.range, in: bytes), head.continues(file, bytes) {
            switch ByteRange(bytes.string(at: value), of: file.whole.body.readableBytes) {
            case .part(let range): return file.part(range)
            case .outside: throw .rangeNotSatisfiable(length: file.whole.body.readableBytes)
            case .whole: return file.whole
            }
        }
        return packed ?? file.whole
    }

    private static let range = LowercasedText("Range")
}

/// What a `Range` asks for (RFC 9110 §14.1.2).
enum ByteRange: Equatable {
    case part(Range<Int>)
    /// Nothing of what there is.
    case outside
    /// All: for several ranges, other units and what is no range, too.
    case whole

    /// - Parameter length: bytes of the whole, of which there may be none.
    init(_ text: String, of length: Int) {
        self = .whole
        guard text.lowercased().hasPrefix("bytes=") else { return }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } })
        else { return }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, let last?) where first <= last:
            self = first < length ? .part(first..<min(last, length - 1) + 1) : .outside
        case (let first?, nil) where ends[1].isEmpty:
            self = first < length ? .part(first..<length) : .outside
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && length > 0 ? .part(max(0, length - count)..<length) : .outside
        default: break
        }
    }
}

extension RequestHead {
    /// Whether the client has what this tag stands for (RFC 9110 §13.1.2).
    fileprivate func has(_ wanted: LowercasedText, _ bytes: Span<UInt8>) -> Bool {
        for field in fields where Self.ifNoneMatch.equals(bytes, field.name) {
            var rest = field.value
            while var tag = bytes.nextListMember(&rest) {
                if bytes.hasPrefix("w/", at: tag) { tag = tag.lowerBound + 2..<tag.upperBound }
                if bytes.equals("*", at: tag) || wanted.equals(bytes, tag) { return true }
            }
        }
        return false
    }

    /// Whether what the client has a part of is the file as it is (RFC 9110 §13.1.5).
    fileprivate func continues(_ file: StaticFile, _ bytes: Span<UInt8>) -> Bool {
        guard let value = value(of: Self.ifRange, in: bytes) else { return true }
        return file.tag.equals(bytes, value)
    }

    private static let ifNoneMatch = LowercasedText("If-None-Match")
    private static let ifRange = LowercasedText("If-Range")
}
