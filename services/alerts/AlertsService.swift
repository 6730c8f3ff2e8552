@main
struct AlertsService {
    static func main() async {}
}
