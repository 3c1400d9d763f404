"""Parts of names that sound like names: made up, so that a pseudonym is nobody's and is recognised as one."""

# ruff: noqa: SIM905 - hundreds of quoted words hide what a list says

SURNAME_STARTS = tuple(
    """
    Ald Ash Bar Bex Bram Cal Clay Dal Dun Eld Far Fen Gar Glen Had Hart Hol Kel Kirk Lang Lin Mal Mel Nor Oak Pem Quin
    Rad Ral Sel Shel Stan Tal Thorn Wal Wes Whit Win Wren Yar
    """.split()
)
SURNAME_ENDS = tuple(
    """
    beck bourne bridge brook burn bury combe cote dale den field ford gate grove hurst land ley low mere mont more
    ridge shaw side stead stone stow ton tree vale wall water way well wick wold worth yard
    """.split()
)
PLACE_ENDS = ("borough", "castle", "haven", "minster", "port", "ville")
GIVEN_NAMES = tuple(
    """
    Adair Alby Amery Arden Aubin Averil Bexley Briar Calder Carys Corin Darcy Delwyn Eddis Elian Ember Emlyn Fallon
    Farren Gale Greer Haven Indra Isley Jorah Jules Kerris Kestrel Lane Larkin Lior Maren Merrin Morrow Nevin Noor Orrin
    Perrin Quill Ravi Remy Robin Rowan Sable Sage Samar Seren Shiloh Sorrel Tamsin Tarn Teal Thorne Torin Umber Vale
    Vesper Wynn Yael Zephyr
    """.split()
)
