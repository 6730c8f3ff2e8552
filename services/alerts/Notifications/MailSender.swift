import FoundationEssentials
import Kernel
import Outbound
import Postgres

/// Mails one message to one address and says how it went.
struct MailSender: Sendable {
    /// Nil where no mail server is configured; then messages wait for one.
    let mailer: Mailer?
    let sender: MailAddress

    /// - Parameter id: Becomes the `Message-ID`, the same at every attempt, by which mail programs drop a repetition.
    func send(_ words: MessageWords, id: UUID, to address: String, createdAt: Timestamp) async -> DeliveryOutcome {
        guard let mailer else { return .failed(DeliveryOutcome.Failure(reason: "LMS_MAIL_URL is not set")) }
        let message = MailMessage(
            from: sender, to: MailAddress(address: address), subject: words.subject, text: words.letterText,
            html: words.letterPage, id: id.text,
            date: Date(timeIntervalSince1970: Double(createdAt.microseconds) / 1e6))
        do {
            return .sent(try await mailer.send(message).map(DeliveryOutcome.Response.init))
        } catch let error as MailError {
            return Self.outcome(of: error)
        } catch {
            return .failed(DeliveryOutcome.Failure(reason: "\(error)", isAmbiguous: true))
        }
    }

    /// A reply of 5yz is final (RFC 5321 §4.2.1): there is no such mailbox, or the letter is not wanted.
    private static func outcome(of error: MailError) -> DeliveryOutcome {
        guard let reply = error.reply else {
            return .failed(DeliveryOutcome.Failure(reason: error.reason, isAmbiguous: true))
        }
        let reason = "the mail server answered \(reply.code)"
        let response = DeliveryOutcome.Response(reply)
        return error.isPermanent
            ? .refused(reason, response) : .failed(DeliveryOutcome.Failure(reason: reason, response: response))
    }
}

extension DeliveryOutcome.Response {
    fileprivate init(_ reply: MailReply) {
        self.init(status: reply.code, text: reply.text)
    }
}
