import FoundationEssentials
import HTTPKit
import Hummingbird

/// An image on its way to a device or a person: read piece by piece while it is written, so that its size costs no
/// memory.
struct FirmwareDownload: Sendable {
    let firmware: Firmware
    let store: FirmwareStore

    /// The image, or the part of it that `Range` asks for (RFC 9110, section 14), so that what broke off can go on.
    ///
    /// - Throws: 416 for a part that there is none of.
    func response(to request: Request) throws(Problem) -> Response {
        let size = firmware.digest.size
        var headers = headers
        headers[.eTag] = entityTag
        headers[.acceptRanges] = "bytes"
        switch range(for: request) {
        case .whole: return Response(status: .ok, headers: headers, body: body(0..<size))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return Response(status: .partialContent, headers: headers, body: body(range))
        case .unsatisfiable:
            throw Problem(.rangeNotSatisfiable, "The image has \(size) bytes, and none of them is in this range.")
                .with(.contentRange, "bytes */\(size)")
        }
    }

    /// The bytes in `range` as if they were all, without regard to what the request says of one.
    func response(_ range: Range<Int>) -> Response {
        Response(status: .ok, headers: headers, body: body(range))
    }

    /// Strong, since the image of a firmware never changes: what it is known by is its SHA-256.
    private var entityTag: String { "\"\(firmware.digest.sha256)\"" }

    private var headers: HTTPFields {
        let label = firmware.label
        return [
            .contentType: "application/octet-stream",
            .contentDisposition: "attachment; filename=\"\(label.deviceType)-\(label.version.text).bin\"",
        ]
    }

    /// The whole where `If-Range` names another image (section 13.1.5), and where `If-None-Match` comes first.
    private func range(for request: Request) -> ByteRange {
        guard request.headers[.ifNoneMatch] == nil, request.headers[.ifRange].map({ $0 == entityTag }) ?? true else {
            return .whole
        }
        return ByteRange(request.headers[.range], of: firmware.digest.size)
    }

    private func body(_ range: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            var rest = range
            while !rest.isEmpty {
                let bytes = try await store.content(of: firmware, in: rest)
                try await writer.write(ByteBuffer(bytes: bytes))
                rest = (rest.lowerBound + bytes.count)..<rest.upperBound
            }
            try await writer.finish(nil)
        }
    }
}
