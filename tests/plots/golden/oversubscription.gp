# Redraws the picture: gnuplot './oversubscription.gp'
set terminal svg size 640,500 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './oversubscription.svg'
data = './oversubscription.dat'
set encoding utf8
set label 1 'Oversubscription: rate against memory in use, as a multiple of VRAM' at screen 0.0187,0.9640 left font ',15'
set label 2 'Faultline reference (model: native), model native, kernel 6.19.0' at screen 0.0187,0.9260 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678, policy xe-7.0' at screen 0.0187,0.8960 left font ',11' textcolor rgb '#444444'
set label 4 'label:b: 2 runs, policy fine-grained' at screen 0.0187,0.8660 left font ',11' textcolor rgb '#444444'
set label 5 'n = 3 to 6 repetitions a point: median, and the middle half of them (all, where fewer than 4)' at screen 0.0187,0.8360 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
set key at screen 0.0500,0.0840 left top Left reverse maxcols 1 samplen 2 spacing 1 font ',12'
set lmargin at screen 0.1250
set rmargin at screen 0.9719
set tmargin at screen 0.8000
set bmargin at screen 0.2000
set xtics ('0.5x' 0.5, '1.5x' 1.5, '4x' 4)
set xrange [0.395:4.105]
set xlabel 'memory in use / VRAM'
set ylabel 'GB/s'
set format y '%g'
set yrange [0:*]
plot data index 0 using ($1-0.0105):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#0072B2' dt 1 title 'A: migration/eviction', \
     data index 1 using ($1+0.0105):($2*1e-09):($3*1e-09):($4*1e-09) with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#D55E00' dt 2 title 'label:b: migration/eviction'
unset output
