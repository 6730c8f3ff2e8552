import Testing

@testable import DevicesService

@Suite struct CommandStatusTests {
    /// Each status after each event, in the order of the columns: a status, `=` for unchanged, `-` for refused.
    @Test(arguments: [
        //              leased acknowledged succeeded failed undelivered expired cancelled
        (CommandStatus.pending, "sent - - - - expired cancelled"),
        (.sent, "sent acknowledged succeeded failed failed expired cancelled"),
        (.acknowledged, "- = succeeded failed - - -"),
        (.succeeded, "- = = - - - -"),
        (.failed, "- = - = - - -"),
        (.expired, "- - - - - = -"),
        (.cancelled, "- - - - - - ="),
    ])
    func `every transition is as the table says`(status: CommandStatus, row: String) {
        let outcomes = CommandStatus.Event.allCases.map { event in
            switch status.after(event) {
            case .becomes(let next): next.rawValue
            case .unchanged: "="
            case .refused: "-"
            }
        }
        #expect(outcomes.joined(separator: " ") == row)
    }

    @Test func `nothing moves a final status`() {
        for status in CommandStatus.allCases where status.isFinal {
            for event in CommandStatus.Event.allCases {
                if case .becomes = status.after(event) { Issue.record("\(status) is moved by \(event)") }
            }
        }
    }

    @Test func `priorities go out from critical to low`() {
        #expect(CommandPriority.allCases.map(\.rank) == [0, 1, 2, 3])
    }
}
