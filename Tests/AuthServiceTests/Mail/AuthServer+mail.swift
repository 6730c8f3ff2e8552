import Foundation
import TestKit
import Testing

@testable import AuthService

extension AuthServer {
    /// Where all of this process's instances put their mail.
    static let mailFolder = FileManager.default.temporaryDirectory.appending(path: "lms-mail-\(UUID().uuidString)").path

    /// The text of a letter to an address that says so, once it is there.
    func letter(to address: String, saying words: String) async throws -> String {
        try await eventually { letters(to: address).first { $0.contains(words) } }
    }

    /// The letters to an address that are there, the newest first, with their headers.
    func letters(to address: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.mailFolder)) ?? []
        // Ids, and so names, are in the order of time.
        return names.filter { $0.hasSuffix(".eml") }.sorted().reversed().compactMap { name in
            try? String(contentsOfFile: "\(Self.mailFolder)/\(name)", encoding: .utf8)
        }.filter { $0.contains("\r\nTo: <\(address)>\r\n") }.map(\.withoutEncoding)
    }

    /// Waits until all letters that have been written are on their way.
    func mailIsSent() async throws {
        let newest = try await query("SELECT id FROM auth.mail ORDER BY id DESC LIMIT 1").first?.decode(UUID.self)
        guard let newest else { return }
        try await eventually { try await query("SELECT 1 FROM auth.mail WHERE id <= \(newest)").isEmpty }
    }
}

extension String {
    /// The token of that kind in a letter.
    func token(_ prefix: String) throws -> String {
        let start = try #require(range(of: prefix), "no \(prefix) in \(self)")
        return String(self[start.lowerBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }

    /// A letter as its reader sees it (RFC 2045 §6.7).
    fileprivate var withoutEncoding: String {
        guard contains("quoted-printable") else { return self }
        let joined = replacing("=\r\n", with: "")
        return joined.replacing("=", with: "%").removingPercentEncoding ?? joined
    }
}
