import Foundation
import NIOCore

/// An HTTP message as a test sees it.
public struct RawMessage {
    public let startLine: String
    public let fields: [(name: String, value: String)]
    public var body = ByteBuffer()

    public init(head: String) {
        var lines = head.components(separatedBy: "\r\n")
        startLine = lines.removeFirst()
        fields = lines.filter { !$0.isEmpty }.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
    }

    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    public func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    public var status: Int { startLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

    public var isBodiless: Bool { startLine.hasPrefix("HTTP/") && [100, 101, 204, 304].contains(status) }

    public var text: String { String(buffer: body) }

    /// A member of a JSON body.
    public func json(_ member: String) throws -> Any? {
        let object = try JSONSerialization.jsonObject(with: Data(body.readableBytesView))
        return (object as? [String: Any])?[member]
    }
}
