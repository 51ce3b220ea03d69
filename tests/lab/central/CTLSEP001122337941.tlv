withheld from phones
