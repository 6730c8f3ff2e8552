import Foundation
import TestKit
import Testing

@testable import AuthService

extension AuthServer {
    /// Where all of this process's instances put their mail.
    static let mailFolder = FileManager.default.temporaryDirectory.appending(path: "lms-mail-\(UUID().uuidString)").path

    /// The text of a letter to an address with that subject, once it is there.
    func letter(to address: String, _ subject: String) async throws -> String {
        try await eventually { letters(to: address).first { $0.contains("\r\nSubject: \(subject)") } }
    }

    /// The letters to an address that are there.
    func letters(to address: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.mailFolder)) ?? []
        // Ids, and so names, are in the order of time.
        return names.filter { $0.hasSuffix(".eml") }.sorted().reversed().compactMap { name in
            try? String(contentsOfFile: "\(Self.mailFolder)/\(name)", encoding: .utf8)
        }.filter { $0.contains("\r\nTo: <\(address)>\r\n") }
    }
}

extension String {
    /// The token of that kind in a letter.
    func token(_ prefix: String) throws -> String {
        let start = try #require(range(of: prefix), "no \(prefix) in \(self)")
        return String(self[start.lowerBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
    }
}
