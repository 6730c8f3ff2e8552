import Foundation
import Kernel
import Logging
import Metrics
import Outbound
import Postgres
import ServiceKit

/// Sends the letters that are due, again and again for a day where the mail server is away.
struct MailDelivery: Sendable {
    let queue: MailQueue
    /// Nil where no server is configured; then letters wait for one.
    let mailer: Mailer?
    let sender: MailAddress
    let logger: Logger

    /// What runs it.
    var loop: DeliveryLoop<MailQueue.Due> {
        DeliveryLoop(wake: queue.wake, logger: logger, claim: queue.claim, deliver: deliver)
    }

    /// Sends a letter, or leaves it for later.
    @Sendable func deliver(_ due: MailQueue.Due) async {
        do {
            guard let letter = due.letter, !due.isDecoy else { return try await queue.remove(due.id) }
            switch await attempt(letter, due) {
            case nil:
                count("sent")
                try await queue.remove(due.id)
            case let reason?:
                try await postpone(due, because: reason)
            }
        } catch {
            // It comes due again when the claim ends, and is then sent twice, with the same Message-ID.
            logger.warning("a delivery could not be noted", metadata: ["error": "\(error)"])
        }
    }

    /// Why the letter could not be sent, and whether it never can; nil when it was.
    private func attempt(_ letter: Letter, _ due: MailQueue.Due) async -> (text: String, isFinal: Bool)? {
        guard let mailer else { return ("LMS_MAIL_URL is not set", false) }
        let message = MailMessage(
            from: sender, to: MailAddress(address: letter.to), subject: letter.subject, text: letter.text,
            id: due.id.text, date: Date(timeIntervalSince1970: Double(due.createdAt.microseconds) / 1e6))
        do {
            try await mailer.send(message)
            if case .folder(let path) = mailer.transport {
                // Who tries the system out has no other place to read it.
                logger.notice(
                    "mail",
                    metadata: [
                        "file": "\(path)/\(message.id).eml", "to": "\(letter.to)", "subject": "\(letter.subject)",
                        "text": "\(letter.text)",
                    ])
            }
            return nil
        } catch {
            return ("\(error)", (error as? MailError)?.isPermanent ?? false)
        }
    }

    private func postpone(_ due: MailQueue.Due, because reason: (text: String, isFinal: Bool)) async throws {
        let next =
            reason.isFinal
            ? nil : DeliverySchedule.nextAttempt(after: due.attempts, createdAt: due.createdAt, now: .now)
        let metadata: Logger.Metadata = ["mail": "\(due.id.text)", "reason": "\(reason.text)"]
        guard let next else {
            count("dead")
            logger.error("a letter was given up", metadata: metadata)
            return try await queue.remove(due.id)
        }
        count("failed")
        logger.warning("a letter waits for the mail server", metadata: metadata)
        try await queue.postpone(due.id, until: next)
    }

    private func count(_ outcome: String) {
        Counter(label: "lms_mail", dimensions: [("outcome", outcome)]).increment()
    }
}
