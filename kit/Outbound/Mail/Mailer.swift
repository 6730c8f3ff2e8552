import CCurl
import FoundationEssentials
import Reactor

/// Sends letters.
public final class Mailer: Sendable {
    /// The longest time to hand over one message.
    private static let timeout = Duration.seconds(60)
    private static let connectTimeout = Duration.seconds(10)

    public let transport: MailTransport
    private let engine = TransferEngine()

    public init(_ transport: MailTransport) {
        self.transport = transport
    }

    /// Hands over a message; when this returns, the server has taken responsibility for it, or it lies in the folder.
    ///
    /// - Returns: What the server said of it; nil where there is none.
    /// - Throws: ``MailError``; `CancellationError` as soon as the task is cancelled, which ends the transfer.
    @discardableResult
    public func send(_ message: MailMessage) async throws -> MailReply? {
        switch transport {
        case .smtp(let server):
            return try await send(message, to: server)
        case .folder(let path):
            try await write(message, into: path)
            return nil
        }
    }

    private func send(_ message: MailMessage, to server: SMTPServer) async throws -> MailReply? {
        try Task.checkCancellation()
        let transfer = try Transfer(
            url: server.url, timeout: Self.timeout, connectTimeout: Self.connectTimeout, maximumBytes: 1 << 16,
            addressPolicy: .any)
        transfer.prepare(message, for: server)
        let code = try await engine.perform(transfer)
        do {
            try transfer.check(code)
        } catch {
            throw MailError(error, reply: transfer.reply)
        }
        return transfer.reply
    }

    /// Written beside and then renamed, so that whoever looks into the folder sees whole messages only.
    private func write(_ message: MailMessage, into path: String) async throws {
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        do {
            try await runBlocking {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try Data(message.bytes).write(to: folder.appending(path: "\(message.id).eml"), options: .atomic)
            }
        } catch {
            throw MailError(reason: "\(path) cannot be written to: \(error)", isPermanent: false)
        }
    }
}

/// What a mail server says to a command (RFC 5321 §4.2).
public struct MailReply: Sendable, Hashable, CustomStringConvertible {
    public let code: Int
    /// Its last line behind the code.
    public let text: String

    public var description: String { text.isEmpty ? "\(code)" : "\(code) \(text)" }
}

/// Why a message was not taken.
public struct MailError: Error, Sendable, Hashable, CustomStringConvertible {
    public let reason: String
    /// Whether another attempt at the same message would be refused again.
    public let isPermanent: Bool
    /// With which the server refused it; nil when the server said nothing of it.
    public var reply: MailReply?

    public var description: String { reason }
}

extension MailError {
    /// - Parameter reply: The server's last.
    init(_ error: TransferError, reply: MailReply?) {
        guard let reply, reply.code >= 400 else {
            self.init(reason: "\(error)", isPermanent: false)
            return
        }
        // Who refuses our password (RFC 4954 §6) says nothing of the message.
        let concernsSender = [530, 534, 535, 538].contains(reply.code)
        self.init(
            reason: "the mail server answered \(reply)", isPermanent: reply.code >= 500 && !concernsSender,
            reply: reply)
    }
}

extension Transfer {
    /// The server's last reply, of which curl keeps the code and shows the lines; nil when there was none.
    fileprivate var reply: MailReply? {
        let code = responseCode
        guard code > 0 else { return nil }
        let line = headerLines.last { $0.hasPrefix("\(code)") } ?? ""
        let text = line.dropFirst(4).prefix { !$0.isNewline }
        return MailReply(code: code, text: String(text.prefix(500)))
    }

    fileprivate func prepare(_ message: MailMessage, for server: SMTPServer) {
        curl_allow_smtp_only(handle)
        let demand = server.security == .startTLS && server.user == nil ? CURLUSESSL_TRY : CURLUSESSL_ALL
        curl_set_long(handle, CURLOPT_USE_SSL, Int(demand.rawValue))
        if let user = server.user {
            curl_set_string(handle, CURLOPT_USERNAME, user)
            curl_set_string(handle, CURLOPT_PASSWORD, server.password ?? "")
        }
        if let authorities = server.authorities { curl_set_string(handle, CURLOPT_CAINFO, authorities) }
        curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(message.from.address)>")
        setLines(["<\(message.to.address)>"], for: CURLOPT_MAIL_RCPT)
        setUpload(message.bytes)
    }
}
