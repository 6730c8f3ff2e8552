import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// The newest commands of a device and the form for another one; `device_commands.mustache` shows the list.
struct CommandSection: Sendable {
    struct Item: Sendable {
        let type: String
        let parameters: String?
        let status: String
        /// The class of the status's badge.
        let tone: String
        let created: Moment
        /// What the device answered.
        let answer: String?
        /// Where its form is sent that takes it back; nil where it cannot be.
        let cancellation: String?
    }

    let items: [Item]
    let hasItems: Bool
    /// Whether the device has still to do something.
    let isUnderWay: Bool
    let mayCommand: Bool
    let message: String?
    let type: Field
    let parameters: Field
    /// Those that devices commonly know.
    let types = ["reboot", "restart", "calibrate", CommandOrder.setReadingInterval]

    init(_ commands: [Command], of device: UUID, role: Role, _ form: FormState) {
        let mayCommand = role >= .member
        items = commands.map { Item($0, of: device, mayCancel: mayCommand) }
        hasItems = !items.isEmpty
        isUnderWay = commands.contains { !$0.status.isFinal }
        self.mayCommand = mayCommand
        message = form.message
        type = form.field("command_type", called: "The command")
        parameters = form.field("parameters", called: "The parameters", "{}")
    }
}

extension CommandSection.Item {
    fileprivate init(_ command: Command, of device: UUID, mayCancel: Bool) {
        type = command.order.type
        parameters =
            command.order.parameters.isEmpty ? nil : AnyJSON.object(command.order.parameters).text(indented: false)
        status = command.status.rawValue
        tone =
            switch command.status {
            case .pending: "pending"
            case .sent, .acknowledged: "sent"
            case .succeeded: "succeeded"
            case .failed: "failed"
            case .expired, .cancelled: "archived"
            }
        created = Moment(command.createdAt)
        answer = command.error ?? command.result?.text(indented: false)
        let isOpen = if case .becomes = command.status.after(.cancelled) { true } else { false }
        cancellation =
            mayCancel && isOpen ? "/devices/\(device.text)/commands/\(command.id.text)/cancel" : nil
    }
}
