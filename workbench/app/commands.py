"""Every command of the product in one table: menus, the palette, keys and the help page come from here."""

from __future__ import annotations

from workbench.app.command import Category, Command
from workbench.app.message_commands import MESSAGE_COMMANDS

__all__ = ["COMMANDS", "Category", "Command", "command", "matching"]


COMMANDS: tuple[Command, ...] = (
    Command(
        "file.open",
        "Open files…",
        Category.FILE,
        ("Ctrl+O",),
        "folder-open",
        "Open messages: ER7, MLLP, batches, FHIR JSON, archives.",
    ),
    Command(
        "file.open_folder",
        "Open folder…",
        Category.FILE,
        ("Ctrl+Shift+O",),
        "folder-open",
        "Open every message under a folder.",
    ),
    Command(
        "file.open_sample",
        "Open the sample capture",
        Category.FILE,
        (),
        "sparkles",
        "Open the messages that come with the workbench.",
    ),
    Command(
        "file.open_mapping",
        "Open mapping package…",
        Category.FILE,
        (),
        "layers",
        "Choose the folder of a mapping package.",
    ),
    Command("file.workspace", "Open or create workspace…", Category.FILE, (), "lock", "Change to another workspace."),
    Command(
        "file.save", "Save mapping", Category.FILE, ("Ctrl+S",), "save", "Write the mapping package to its folder."
    ),
    Command("file.quit", "Quit", Category.FILE, ("Ctrl+Q",), "", "Close the window; nothing confirmed is lost."),
    Command("edit.undo", "Undo", Category.EDIT, ("Ctrl+Z",), "undo-2", "Take back the last change."),
    Command(
        "edit.redo",
        "Redo",
        Category.EDIT,
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        "redo-2",
        "Do the change again that was taken back.",
    ),
    Command(
        "edit.find",
        "Filter this list",
        Category.EDIT,
        ("Ctrl+F",),
        "search",
        "Put the cursor into the filter of the page.",
    ),
    Command(
        "edit.copy_path", "Copy path", Category.EDIT, ("Ctrl+Shift+C",), "copy", "Copy the path of the selected field."
    ),
    Command(
        "go.palette",
        "Go to anything…",
        Category.GO,
        ("Ctrl+K",),
        "search",
        "Find a command, a page, a rule or a message.",
    ),
    Command("go.home", "Home", Category.GO, ("Ctrl+1",), "house", "What waits for you."),
    Command("go.messages", "Messages", Category.GO, ("Ctrl+2",), "mail", "The messages of the capture."),
    Command("go.validation", "Validation", Category.GO, ("Ctrl+3",), "shield-check", "What is wrong in the capture."),
    Command("go.mapping", "Mapping", Category.GO, ("Ctrl+4",), "arrow-left-right", "Rules and their result."),
    Command("go.terminology", "Terminology", Category.GO, ("Ctrl+5",), "tags", "Local codes and what they mean."),
    Command("go.suites", "Suites", Category.GO, ("Ctrl+6",), "flask-conical", "Regression suites."),
    Command("go.review", "Review", Category.GO, ("Ctrl+7",), "eye", "Source and result side by side."),
    Command("go.export", "Export", Category.GO, ("Ctrl+8",), "package", "Packages for production engines."),
    Command(
        "go.next_issue", "Next problem", Category.GO, ("F8",), "circle-x", "Select the next problem and its bytes."
    ),
    Command(
        "go.previous_issue", "Previous problem", Category.GO, ("Shift+F8",), "circle-x", "Select the problem before."
    ),
    Command("go.next_pane", "Next pane", Category.GO, ("F6",), "", "Move the keyboard to the next pane."),
    Command(
        "go.previous_pane", "Previous pane", Category.GO, ("Shift+F6",), "", "Move the keyboard to the pane before."
    ),
    *MESSAGE_COMMANDS,
    Command(
        "mapping.add_rule",
        "Map selected field to target…",
        Category.MAPPING,
        ("Ctrl+M",),
        "plus",
        "Add a rule from the selected source field.",
    ),
    Command(
        "mapping.remove_rule",
        "Remove rule",
        Category.MAPPING,
        ("Ctrl+Backspace",),
        "trash-2",
        "Remove the selected rule; it can be undone.",
    ),
    Command(
        "mapping.approve_rule",
        "Approve rule",
        Category.MAPPING,
        (),
        "circle-check",
        "Mark the selected rule as approved.",
    ),
    Command(
        "mapping.new_package",
        "New mapping package…",
        Category.MAPPING,
        (),
        "plus",
        "Begin a mapping package from nothing.",
    ),
    Command(
        "mapping.add_row",
        "Add row to the message map",
        Category.MAPPING,
        (),
        "plus",
        "A new row that says which segment makes which resource.",
    ),
    Command(
        "mapping.duplicate_rule",
        "Duplicate rule",
        Category.MAPPING,
        ("Ctrl+Alt+D",),
        "copy",
        "Put a copy behind the selected rule.",
    ),
    Command(
        "mapping.switch_rule",
        "Switch rule off or on",
        Category.MAPPING,
        ("Ctrl+/",),
        "circle-minus",
        "Keep the selected rule in the package, but let it do nothing.",
    ),
    Command(
        "mapping.rule_up",
        "Move rule up",
        Category.MAPPING,
        ("Alt+Shift+Up",),
        "",
        "Move the selected rule before the one above it.",
    ),
    Command(
        "mapping.rule_down",
        "Move rule down",
        Category.MAPPING,
        ("Alt+Shift+Down",),
        "",
        "Move the selected rule behind the one below it.",
    ),
    Command(
        "mapping.group_rule",
        "Group rule",
        Category.MAPPING,
        ("Ctrl+G",),
        "layers",
        "Put the selected rule into a block, or into the block above it.",
    ),
    Command(
        "mapping.ungroup_rule",
        "Take rule out of its block",
        Category.MAPPING,
        ("Ctrl+Shift+G",),
        "",
        "Move the selected rule out of the block it stands in.",
    ),
    Command(
        "mapping.pin",
        "Pin message",
        Category.MAPPING,
        ("Ctrl+Shift+P",),
        "list-checks",
        "Keep an eye on the selected message while rules are edited, or let go of it.",
    ),
    Command(
        "mapping.effect",
        "Show what the last edit changes",
        Category.MAPPING,
        ("Ctrl+Shift+F9",),
        "git-compare",
        "Map up to 5,000 messages of the capture before and after the last edit, and compare.",
    ),
    Command(
        "mapping.edit_text",
        "Edit map as text",
        Category.MAPPING,
        ("Ctrl+T",),
        "file-text",
        "Show the file of the selected rule as YAML and put the cursor there.",
    ),
    Command(
        "mapping.message_map",
        "Message map",
        Category.MAPPING,
        ("Ctrl+Shift+T",),
        "layers",
        "Show what the message map makes and what refers to what as a graph.",
    ),
    Command(
        "mapping.package_changes",
        "Compare versions…",
        Category.MAPPING,
        (),
        "git-compare",
        "Tell what this package says differently than last saved, than its base, or than another version.",
    ),
    Command(
        "mapping.package_effect",
        "Effect of the differences on the capture",
        Category.MAPPING,
        (),
        "activity",
        "Run both versions over the capture: what changes, what would be lost.",
    ),
    Command(
        "mapping.revert",
        "Revert to base",
        Category.MAPPING,
        (),
        "history",
        "Let the selected rule say again what the base package says.",
    ),
    Command(
        "mapping.upgrade",
        "Upgrade base package…",
        Category.MAPPING,
        (),
        "upload",
        "Put this package on a newer base; what both changed is asked.",
    ),
    Command(
        "mapping.suggest",
        "Suggest rules",
        Category.MAPPING,
        ("Ctrl+Alt+G",),
        "sparkles",
        "Propose rules for fields that have none, each with the reason.",
    ),
    Command(
        "mapping.engines",
        "Target engines",
        Category.MAPPING,
        (),
        "package",
        "Choose the engines this package is meant for and see which rules they cannot carry.",
    ),
    Command(
        "codes.harvest",
        "Collect codes of the capture",
        Category.CODES,
        ("F10",),
        "refresh-cw",
        "List every coded value of the capture with its count.",
    ),
    Command(
        "codes.approve",
        "Approve code",
        Category.CODES,
        ("Alt+A",),
        "circle-check",
        "Approve the target of the selected code.",
    ),
    Command(
        "codes.flag",
        "Flag code for a second look",
        Category.CODES,
        ("Alt+F",),
        "flag",
        "Mark the selected code for review.",
    ),
    Command(
        "codes.no_map",
        "No map…",
        Category.CODES,
        ("Ctrl+N",),
        "ban",
        "Say that the selected code has no target, and why.",
    ),
    Command("codes.use", "Use candidate", Category.CODES, ("Alt+Return",), "check", "Map the code to the candidate."),
    Command(
        "codes.use_suggested",
        "Use suggestions",
        Category.CODES,
        ("Ctrl+Shift+U",),
        "sparkles",
        "Map every selected code to what is suggested for it; somebody else approves.",
    ),
    Command(
        "codes.reject", "Reject code…", Category.CODES, ("Alt+R",), "circle-x", "Say that a target is wrong, and why."
    ),
    Command("codes.to_review", "Send to review", Category.CODES, (), "eye", "Hand the selected codes to a reviewer."),
    Command(
        "codes.out_of_scope",
        "Out of scope",
        Category.CODES,
        (),
        "circle-minus",
        "Leave the selected codes out of this project, or take them in again.",
    ),
    Command("codes.reopen", "Reopen code", Category.CODES, (), "undo-2", "Take target and decision off the code."),
    Command(
        "codes.search",
        "Search code systems",
        Category.CODES,
        ("Ctrl+Shift+F",),
        "search",
        "Type words or a code; the imported code systems are searched at every key.",
    ),
    Command(
        "codes.open_list",
        "Open list of local codes…",
        Category.CODES,
        (),
        "table",
        "Work on a CSV or XLSX list instead of the capture.",
    ),
    Command(
        "codes.import_map",
        "Import code map…",
        Category.CODES,
        (),
        "upload",
        "Take the rows of a ConceptMap, CSV, XLSX, SSSOM or Usagi file.",
    ),
    Command(
        "codes.export_map",
        "Export code map…",
        Category.CODES,
        (),
        "download",
        "Write the approved rows as CSV, XLSX, ConceptMap R4 or R5, SSSOM or for Usagi.",
    ),
    Command(
        "codes.blind",
        "Two blind authors",
        Category.CODES,
        (),
        "eye-off",
        "Two people choose for this code map without seeing one another; a third decides where they differ.",
    ),
    Command("codes.work_as", "Work as…", Category.CODES, (), "keyboard", "Say who decides on codes, in which role."),
    Command(
        "codes.systems",
        "Code systems…",
        Category.CODES,
        (),
        "book-open",
        "Look at imported releases, import another, compare versions.",
    ),
    Command("suites.run", "Run suite", Category.SUITES, ("Ctrl+Return",), "play", "Run every case of the suite."),
    Command(
        "suites.accept",
        "Accept as baseline",
        Category.SUITES,
        (),
        "check",
        "Take the results of the last run as what is expected.",
    ),
    Command(
        "suites.report",
        "Open HTML report",
        Category.SUITES,
        (),
        "file-text",
        "Show the report of the last run in the browser.",
    ),
    Command(
        "review.accept",
        "Accept record",
        Category.REVIEW,
        ("Ctrl+Shift+A",),
        "thumbs-up",
        "Record that source and result say the same.",
    ),
    Command(
        "review.reject",
        "Reject record…",
        Category.REVIEW,
        ("Ctrl+Shift+R",),
        "thumbs-down",
        "Record that the result is wrong, and why.",
    ),
    Command("review.comment", "Comment…", Category.REVIEW, (), "message-square", "Leave a remark on this record."),
    Command("view.theme", "Next theme", Category.VIEW, ("Ctrl+Alt+T",), "sun-moon", "Light, dark, high contrast."),
    Command(
        "view.mask", "Mask PHI", Category.VIEW, ("Ctrl+Shift+M",), "eye-off", "Hide patients' values in every pane."
    ),
    Command(
        "view.bottom",
        "Bottom panes",
        Category.VIEW,
        ("Ctrl+J",),
        "panel-bottom",
        "Show or hide problems, ledger, jobs and audit.",
    ),
    Command(
        "view.details",
        "Details",
        Category.VIEW,
        ("Ctrl+D",),
        "panel-right",
        "Show or hide what the dictionary says of the field.",
    ),
    Command(
        "view.cancel",
        "Cancel running job",
        Category.VIEW,
        ("Ctrl+.",),
        "square",
        "Stop what is running; finished parts are kept.",
    ),
    Command(
        "audit.verify", "Verify audit trail", Category.HELP, (), "shield-check", "Check every link of the audit chain."
    ),
    Command("help.keys", "Keyboard", Category.HELP, ("F1",), "keyboard", "Every command with its keys."),
    Command("help.about", "About", Category.HELP, (), "info", "Version and licences."),
)

_BY_ID = {command.id: command for command in COMMANDS}


def command(name: str) -> Command:
    """The command with that id; KeyError when there is none."""
    return _BY_ID[name]


def matching(words: str) -> tuple[Command, ...]:
    """The commands whose category, title or help holds every word, those whose title begins with the words first."""
    wanted = words.lower().split()
    found = [c for c in COMMANDS if all(word in f"{c.category} {c.title} {c.help}".lower() for word in wanted)]
    return tuple(sorted(found, key=lambda c: (not c.title.lower().startswith(words.lower()), COMMANDS.index(c))))
