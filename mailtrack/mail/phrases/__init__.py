"""What mail programs and machines say in the languages of the world, as data.

``quotes`` holds the words around quoted mail, ``machines`` those of automatic mail. There is
no code here: to teach a language is to add its words to these tables.
"""
