import Crypto
import FoundationEssentials
import Hummingbird

/// An image as it comes in a request's body: taken piece by piece, so that no more of it is in memory than one.
struct FirmwareImage: Sendable {
    private let body: RequestBody
    private let isEncoded: Bool
    /// Bytes that the head announces, where the body is not encoded.
    private let length: Int?

    init(_ request: Request) {
        body = request.body
        isEncoded = request.headers[.contentEncoding] != nil
        length = isEncoded ? nil : request.headers[.contentLength].flatMap { Int($0) }
    }

    /// Whether a body that breaks off can be told from a whole one: by its length, or by the end that gzip has. Where
    /// the connection is lost between two chunks, the body just ends.
    var isDelimited: Bool { isEncoded || length != nil }

    /// Hands the image to `store` in pieces of ``Firmware/chunkSize`` bytes, the last one shorter, each with where it
    /// begins.
    ///
    /// - Returns: What the image is known by; nil of none.
    /// - Throws: ``FirmwareError/tooLarge``, ``FirmwareError/cutOff``, what reading the body and `store` throw.
    func take(_ store: ([UInt8], _ offset: Int) async throws -> Void) async throws -> FirmwareDigest? {
        var hash = SHA256()
        var pending: [UInt8] = []
        var stored = 0
        for try await piece in body {
            guard stored + pending.count + piece.readableBytes <= Firmware.maximumSize else {
                throw FirmwareError.tooLarge
            }
            pending.append(contentsOf: piece.readableBytesView)
            while pending.count >= Firmware.chunkSize {
                let chunk = Array(pending.prefix(Firmware.chunkSize))
                hash.update(data: chunk)
                try await store(chunk, stored)
                stored += chunk.count
                pending.removeFirst(chunk.count)
            }
        }
        if !pending.isEmpty {
            hash.update(data: pending)
            try await store(pending, stored)
            stored += pending.count
        }
        guard length == nil || length == stored else { throw FirmwareError.cutOff }
        guard stored > 0 else { return nil }
        return FirmwareDigest(size: stored, sha256: hash.finalize().hex)
    }
}

extension SHA256.Digest {
    /// 64 hexadecimal digits, in lower case.
    fileprivate var hex: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
